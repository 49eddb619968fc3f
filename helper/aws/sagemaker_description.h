/*
 * sagemaker_description.h: what SageMaker says of domains and user profiles: DescribeDomain, DescribeUserProfile,
 * ListDomains, ListUserProfiles.  Only `check` asks: a link needs none of these, nor the permissions for them.
 * Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeDomain.html, and those of the other three
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAGEMAKER_DESCRIPTION_H
#define SAGEMAKER_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "aws_call.h"
#include "credentials.h"
#include "deadline.h"
#include "failure.h"
#include "http.h"

enum sagemaker_operation {
    DESCRIBE_DOMAIN,
    DESCRIBE_USER_PROFILE,
    LIST_DOMAINS,
    LIST_USER_PROFILES,
};

/* "DescribeDomain" and so on, as the API and IAM name it. */
const char *sagemaker_operation_name(enum sagemaker_operation operation);

/* Texts belong to the caller. */
struct sagemaker_question {
    enum sagemaker_operation operation;
    const char *endpoint_url; /* from endpoint_sagemaker */
    const char *region;
    const char *ca_bundle;         /* may be NULL */
    const char *proxy_url;         /* may be NULL */
    const char *domain_id;         /* all but LIST_DOMAINS */
    const char *user_profile_name; /* DESCRIBE_USER_PROFILE */
    const char *next_token;        /* of the lists, NULL for their first page */
};

struct aws_call *sagemaker_ask(struct aws_client *client, const struct sagemaker_question *question,
                               const struct credentials *credentials, struct deadline deadline, aws_call_done *done,
                               void *owner, struct failure *failure);

/* What became of a question. */
enum sagemaker_end {
    SAGEMAKER_TOLD,
    SAGEMAKER_ABSENT, /* there is no such domain or user profile */
    SAGEMAKER_DENIED, /* the keys may not ask that */
    SAGEMAKER_THROTTLED,
    SAGEMAKER_FAILED, /* everything else */
};

/*
 * The answers, each text printable and cut to size, "" where AWS does not say.  Unless told, the failure has a code of
 * aws_error.h or http.h and a message that quotes AWS: `ThrottlingException: "Rate exceeded"`.
 */
struct domain_description {
    char name[64];
    char auth_mode[16];
    char status[32];
    char failure_reason[512];
    char url[256];    /* of the domain; where people sign in with IAM Identity Center */
    char network[32]; /* AppNetworkAccessType */
    char vpc_id[40];
    char account[13];
    char studio_web_portal[16]; /* of DefaultUserSettings */
};
enum sagemaker_end domain_description_read(const struct http_answer *answer, struct domain_description *description,
                                           struct failure *failure);

struct user_profile_description {
    char name[64]; /* as AWS writes it */
    char status[32];
    char failure_reason[512];
    char single_sign_on_user[257];
};
enum sagemaker_end user_profile_description_read(const struct http_answer *answer,
                                                 struct user_profile_description *description, struct failure *failure);

#define SAGEMAKER_NAMES_MAX 20000

/* Domain ids, or the names of user profiles: what several pages of a list have in them. */
struct sagemaker_names {
    char **names;
    size_t count;
    size_t capacity;
    char *next_token; /* NULL: that was the last page */
};
/* Adds the page's. */
enum sagemaker_end sagemaker_names_read(const struct http_answer *answer, enum sagemaker_operation operation,
                                        struct sagemaker_names *names, struct failure *failure);
void sagemaker_names_free(struct sagemaker_names *names);

#endif
