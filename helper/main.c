/*
 * sagemaker-studio-helper: the ways to start it.
 *
 *   (no word)      serve systemd's sockets (LISTEN_FDS), else hold one conversation on descriptor 0
 *   --listen PATH  serve a socket of our own
 *   issue          print a link, for a person at a terminal
 *   check          say what is wrong with this host, and what to do
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"
#include "configuration.h"
#include "issue_command.h"
#include "journal.h"
#include "own_socket.h"
#include "privileges.h"
#include "safe_open.h"
#include "server.h"
#include "service.h"
#include "service_account.h"

#define LISTEN_FDS_START    3
#define SYSTEMD_SOCKETS_MAX 8
#define EXIT_USAGE          2
#define DESCRIPTORS_WANTED  4096 /* sagemaker-studio.service says the same */

static const char usage[] =
    "usage: sagemaker-studio-helper [--config-dir DIR] [--log auto|stderr|syslog] [--debug] [--listen PATH]\n"
    "       sagemaker-studio-helper [--config-dir DIR] issue --domain NAME --user-profile-name NAME\n"
    "                               [--space-name NAME | --landing-uri URI] [--timeout SECONDS]\n"
    "       sagemaker-studio-helper [--config-dir DIR] check [USER] [--json] [--no-link] [--all-users]\n"
    "                               [--socket PATH]\n"
    "       sagemaker-studio-helper [--config-dir DIR] check --config-only [--map FILE] [--json]\n"
    "       sagemaker-studio-helper [--config-dir DIR] check --explain USER\n"
    "\n"
    "Makes presigned Amazon SageMaker Studio links for users of this host.  Without a word\n"
    "it serves the sockets that systemd hands over, or the one connection at descriptor 0.\n"
    "\n"
    "  --config-dir DIR  read users.map and studio.conf here instead of " CONFIG_FOLDER ";\n"
    "                    files of whoever runs the helper are trusted there, as root's are\n"
    "  --log WHERE       stderr or syslog; auto (the default) takes stderr when it is a\n"
    "                    terminal or the journal\n"
    "  --debug           log also who has no link, and identities asked for\n"
    "  --listen PATH     make the socket PATH and serve it; as root, then become the\n"
    "                    account " SERVICE_ACCOUNT "\n"
    "  --help, --version\n"
    "\n"
    "See sagemaker-studio-helper(8).\n";

struct options {
    struct service_options service;
    enum journal_target log;
    bool debug;
    const char *listen;
};

static int
complain(const char *word, const char *problem)
{
    fprintf(stderr, "sagemaker-studio-helper: %s%s%s\nTry --help.\n", word, word[0] != '\0' ? ": " : "", problem);
    return EXIT_USAGE;
}

static int
report(const struct failure *failure)
{
    fprintf(stderr, "sagemaker-studio-helper: %s\n", failure->message);
    return 1;
}

static bool
read_log_target(const char *text, enum journal_target *target)
{
    static const char *const words[] = {
        [JOURNAL_AUTO] = "auto", [JOURNAL_STDERR] = "stderr", [JOURNAL_SYSLOG] = "syslog"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i]) == 0) {
            *target = (enum journal_target) i;
            return true;
        }
    return false;
}

/* Returns -1 to go on, else the exit status. */
static int
read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"config-dir", required_argument, NULL, 'c'},
                                          {"log", required_argument, NULL, 'o'},
                                          {"debug", no_argument, NULL, 'd'},
                                          {"listen", required_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "+", names, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->service.config_folder = optarg;
            options->service.also_owner = geteuid();
            break;
        case 'o':
            if (!read_log_target(optarg, &options->log))
                return complain(optarg, "--log takes auto, stderr or syslog");
            break;
        case 'd':
            options->debug = true;
            break;
        case 'l':
            options->listen = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            puts("sagemaker-studio-helper " VERSION);
            return 0;
        default:
            return EXIT_USAGE;
        }
    }
    return -1;
}

/* How many sockets systemd handed over (sd_listen_fds(3)); the variables are for us alone. */
static int
systemd_sockets(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    char *end;
    long number;

    if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != getpid())
        return 0;
    number = strtol(count, &end, 10);
    if (*end != '\0' || number < 1 || number > SYSTEMD_SOCKETS_MAX)
        return 0;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    for (int fd = LISTEN_FDS_START; fd < LISTEN_FDS_START + (int) number; fd++) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return (int) number;
}

/* Descriptor 0 as a socket to somebody, moved away from the standard descriptors; -1 when it is none. */
static int
connected_socket(void)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(peer);
    int fd;

    if (getpeername(STDIN_FILENO, (struct sockaddr *) &peer, &length) != 0 || peer.ss_family != AF_UNIX)
        return -1;
    fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, LISTEN_FDS_START);
    close(STDIN_FILENO);
    if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
        return -1;
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* What this process serves: sockets to accept connections from, or the one connection that it was started for. */
struct served {
    int sockets[SYSTEMD_SOCKETS_MAX];
    int count;
    int connection;
    bool own_socket;
};

static bool
find_served(const struct options *options, const struct service_account *account, struct served *served,
            struct failure *failure)
{
    *served = (struct served){.connection = -1, .own_socket = options->listen != NULL};
    if (served->own_socket) {
        served->sockets[0] = own_socket_listen(options->listen, account, failure);
        served->count = 1;
        return served->sockets[0] >= 0;
    }
    served->count = systemd_sockets();
    for (int i = 0; i < served->count; i++)
        served->sockets[i] = LISTEN_FDS_START + i;
    if (served->count > 0)
        return true;
    served->connection = connected_socket();
    return served->connection >= 0 ||
           failure_set(failure, "usage",
                       "there is no socket to serve: neither systemd's, nor one at descriptor 0, nor --listen");
}

static bool
run_service(const struct options *options, const struct served *served, struct failure *failure)
{
    struct service_options own = options->service;
    struct service *service;
    bool good;

    own.alone = served->count == 0;
    service = service_create(&own, failure);
    if (service == NULL)
        return false;
    if (served->count > 0)
        good = server_run(service, served->sockets, served->count,
                          served->own_socket ? SERVER_SOCKETS_OWN : SERVER_SOCKETS_INHERITED, failure);
    else
        good = server_run_one(service, served->connection, failure);
    service_free(service);
    return good;
}

/* Each conversation may need a connection to AWS besides its own, and a shell's soft limit is often 1024. */
static void
ask_for_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
    (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static int
serve(const struct options *options)
{
    struct service_account account;
    bool root = geteuid() == 0;
    struct served served;
    struct failure failure;

    if (root && !service_account_find(&account, &failure))
        return report(&failure);
    ask_for_descriptors();
    if (!find_served(options, root ? &account : NULL, &served, &failure) || !privileges_drop(&account, &failure) ||
        !run_service(options, &served, &failure))
        return report(&failure);
    return 0;
}

static int
run_check(int argc, char **argv, const struct options *options)
{
    enum { CONFIG_ONLY, MAP, EXPLAIN, JSON, NO_LINK, ALL_USERS, SOCKET };
    static const struct option names[] = {
        {"config-only", no_argument, NULL, CONFIG_ONLY}, {"map", required_argument, NULL, MAP},
        {"explain", required_argument, NULL, EXPLAIN},   {"json", no_argument, NULL, JSON},
        {"no-link", no_argument, NULL, NO_LINK},         {"all-users", no_argument, NULL, ALL_USERS},
        {"socket", required_argument, NULL, SOCKET},     {NULL, 0, NULL, 0}};
    struct check_options check = {.service = options->service, .socket_path = RUN_FOLDER "/helper.sock"};
    int option;

    optind = 0; /* getopt(3): that way it forgets the "+" of the options before the word, too */
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case CONFIG_ONLY:
            check.config_only = true;
            break;
        case MAP:
            check.map_file = optarg;
            break;
        case EXPLAIN:
            check.explain = optarg;
            break;
        case JSON:
            check.json = true;
            break;
        case NO_LINK:
            check.no_link = true;
            break;
        case ALL_USERS:
            check.all_users = true;
            break;
        case SOCKET:
            check.socket_path = optarg;
            break;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind < argc)
        check.user = argv[optind++];
    if (optind < argc)
        return complain(argv[optind], "unexpected argument of check");
    return check_run(&check);
}

/* In place of a descriptor 0, 1 or 2 that is closed: a socket there would be printed into.  Printing fails, as it
 * should: /dev/null is opened the wrong way round. */
static bool
hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

int
main(int argc, char **argv)
{
    struct options options = {.service = {.config_folder = CONFIG_FOLDER, .also_owner = OWNED_BY_ROOT_ALONE}};
    struct failure failure;
    int status;

    if (!hold_standard_descriptors())
        return EXIT_FAILURE;
    process_keep_secrets();
    umask(022); /* what --listen makes must be open to all, whatever the umask of who starts it */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* workers are waited for; whoever started us may have ignored it */
    if (!environment_clean(&failure))
        return report(&failure);
    status = read_options(argc, argv, &options);
    if (status >= 0)
        return status;
    journal_open(options.log, options.debug);
    if (optind >= argc)
        return serve(&options);
    if (strcmp(argv[optind], "check") == 0)
        return run_check(argc - optind, argv + optind, &options);
    if (strcmp(argv[optind], "issue") == 0)
        return issue_command(argc - optind, argv + optind, &options.service);
    return complain(argv[optind], "unknown word, expected issue or check");
}
