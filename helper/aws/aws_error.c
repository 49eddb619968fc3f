/*
 * aws_error.c: see aws_error.h.  The codes are those of botocore's retry handler (retries/standard.py), of the APIs'
 * common errors (docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html, and the same page of STS), of
 * AssumeRole, and of the IAM page on signature troubles (reference_sigv-troubleshooting.html).
 *
 * SPDX-License-Identifier: MIT
 */
#include "aws_error.h"

#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "json_text.h"
#include "message.h"
#include "xml_text.h"

#define FOREIGN_BODY_SHOWN 200
#define XML_VALUE_LIMIT    ((size_t) 16 * 1024)

/* Session tokens and Studio links have several hundred characters in a row; role and session names at most 64 each. */
#define LONGEST_SHOWN_RUN 160

static const struct {
    const char *code;
    enum aws_error_kind kind;
} known_codes[] = {
    {"AccessDenied", AWS_ERROR_DENIED},
    {"AccessDeniedException", AWS_ERROR_DENIED},
    {"NotAuthorized", AWS_ERROR_DENIED},
    {"UnauthorizedOperation", AWS_ERROR_DENIED},
    {"ExpiredToken", AWS_ERROR_EXPIRED_KEYS},
    {"ExpiredTokenException", AWS_ERROR_EXPIRED_KEYS},
    {"UnrecognizedClientException", AWS_ERROR_EXPIRED_KEYS},
    {"InvalidClientTokenId", AWS_ERROR_EXPIRED_KEYS},
    {"InvalidToken", AWS_ERROR_EXPIRED_KEYS},
    {"RequestExpired", AWS_ERROR_CLOCK},
    {"RequestTimeTooSkewed", AWS_ERROR_CLOCK},
    {"RequestInTheFuture", AWS_ERROR_CLOCK},
    {"InvalidSignatureException", AWS_ERROR_SIGNATURE},
    {"SignatureDoesNotMatch", AWS_ERROR_SIGNATURE},
    {"AuthFailure", AWS_ERROR_SIGNATURE},
    {"IncompleteSignature", AWS_ERROR_SIGNATURE},
    {"IncompleteSignatureException", AWS_ERROR_SIGNATURE},
    {"MissingAuthenticationToken", AWS_ERROR_SIGNATURE},
    {"MissingAuthenticationTokenException", AWS_ERROR_SIGNATURE},
    {"ResourceNotFound", AWS_ERROR_NOT_FOUND},
    {"ResourceNotFoundException", AWS_ERROR_NOT_FOUND},
    {"ValidationException", AWS_ERROR_INVALID},
    {"ValidationError", AWS_ERROR_INVALID},
    {"SerializationException", AWS_ERROR_INVALID},
    {"UnknownOperationException", AWS_ERROR_INVALID},
    {"InvalidAction", AWS_ERROR_INVALID},
    {"InvalidParameterCombination", AWS_ERROR_INVALID},
    {"InvalidParameterValue", AWS_ERROR_INVALID},
    {"MissingParameter", AWS_ERROR_INVALID},
    {"MalformedPolicyDocument", AWS_ERROR_INVALID},
    {"PackedPolicyTooLarge", AWS_ERROR_INVALID},
    {"Throttling", AWS_ERROR_THROTTLED},
    {"ThrottlingException", AWS_ERROR_THROTTLED},
    {"ThrottledException", AWS_ERROR_THROTTLED},
    {"RequestThrottled", AWS_ERROR_THROTTLED},
    {"RequestThrottledException", AWS_ERROR_THROTTLED},
    {"RequestLimitExceeded", AWS_ERROR_THROTTLED},
    {"TooManyRequestsException", AWS_ERROR_THROTTLED},
    {"LimitExceededException", AWS_ERROR_THROTTLED},
    {"ProvisionedThroughputExceededException", AWS_ERROR_THROTTLED},
    {"TransactionInProgressException", AWS_ERROR_THROTTLED},
    {"BandwidthLimitExceeded", AWS_ERROR_THROTTLED},
    {"PriorRequestNotComplete", AWS_ERROR_THROTTLED},
    {"EC2ThrottledException", AWS_ERROR_THROTTLED},
    {"SlowDown", AWS_ERROR_THROTTLED},
    {"RequestTimeout", AWS_ERROR_SERVICE},
    {"RequestTimeoutException", AWS_ERROR_SERVICE},
    {"InternalFailure", AWS_ERROR_SERVICE},
    {"InternalError", AWS_ERROR_SERVICE},
    {"InternalServerError", AWS_ERROR_SERVICE},
    {"InternalServerException", AWS_ERROR_SERVICE},
    {"InternalServiceException", AWS_ERROR_SERVICE},
    {"ServiceUnavailable", AWS_ERROR_SERVICE},
    {"ServiceUnavailableException", AWS_ERROR_SERVICE},
};

static const char *const words[] = {
    [AWS_ERROR_DENIED] = "access-denied", [AWS_ERROR_EXPIRED_KEYS] = "expired-credentials",
    [AWS_ERROR_CLOCK] = "clock",          [AWS_ERROR_SIGNATURE] = "bad-signature",
    [AWS_ERROR_NOT_FOUND] = "not-found",  [AWS_ERROR_INVALID] = "invalid-request",
    [AWS_ERROR_THROTTLED] = "throttled",  [AWS_ERROR_SERVICE] = "service-error",
    [AWS_ERROR_NOT_AWS] = "bad-answer",   [AWS_ERROR_OTHER] = "refused",
};

static bool
is_code_byte(char byte)
{
    return ascii_is_alphanumeric(byte) || byte == '.' || byte == '_' || byte == '-';
}

/* "namespace#Code:http://…" gives "Code".  False when what is left is no code. */
static bool
take_code(const char *text, char *code, size_t size)
{
    if (text == NULL)
        return false;
    size_t end = strcspn(text, ":");
    const char *hash = memrchr(text, '#', end);
    const char *start = hash != NULL ? hash + 1 : text;
    size_t length = (size_t) (text + end - start);
    if (length == 0 || length >= size)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_code_byte(start[i]))
            return false;
    }
    memcpy(code, start, length);
    code[length] = '\0';
    return true;
}

static bool
is_blank(char byte)
{
    return byte == '\0' || byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* What tokens, links and signatures are made of, also when escaped for a URL or for HTML. */
static bool
is_token_byte(char byte)
{
    return is_code_byte(byte) || (byte != '\0' && strchr("+/=%&;#~\\", byte) != NULL);
}

static size_t
token_run(const char *text, size_t length)
{
    size_t run = 0;
    while (run < length && is_token_byte(text[run]))
        run++;
    return run;
}

static size_t
put_quoted(char *quoted, size_t size, size_t used, const char *text, size_t length)
{
    size_t room = size - 1 - used;
    size_t taken = length < room ? length : room;
    memcpy(quoted + used, text, taken);
    return used + taken;
}

/* Take back the bytes of a character that was cut in two: at most three that continue it, and its first. */
static size_t
without_cut_character(const char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && length - start < 4) {
        unsigned char byte = (unsigned char) text[--start];
        if (byte < 0x80)
            return length;
        if (byte >= 0xc0)
            return text_is_printable(text + start, length - start) ? length : start;
    }
    return length;
}

static void
make_printable(char *text, size_t length)
{
    if (text_is_printable(text, length))
        return;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e)
            text[i] = '?';
    }
}

void
aws_error_quote(const char *text, size_t length, char *quoted, size_t size)
{
    size_t used = 0;
    size_t i = 0;
    while (i < length && used < size - 1) {
        size_t run = token_run(text + i, length - i);
        if (run > LONGEST_SHOWN_RUN) {
            used = put_quoted(quoted, size, used, "[...]", 5);
        } else if (run > 0) {
            used = put_quoted(quoted, size, used, text + i, run);
        } else if (!is_blank(text[i])) {
            used = put_quoted(quoted, size, used, text + i, 1);
        } else if (used > 0 && quoted[used - 1] != ' ') {
            used = put_quoted(quoted, size, used, " ", 1);
        }
        i += run > 0 ? run : 1;
    }
    if (i < length)
        used = without_cut_character(quoted, used);
    if (used > 0 && quoted[used - 1] == ' ')
        used--;
    make_printable(quoted, used);
    quoted[used] = '\0';
}

/* A wrong signature is explained with the whole canonical request, session token included; that part is left out. */
static size_t
length_without_canonical_request(const char *text)
{
    const char *canonical = strstr(text, "The Canonical String");
    return canonical != NULL ? (size_t) (canonical - text) : strlen(text);
}

static void
quote_message(const char *text, struct aws_error *error)
{
    if (text != NULL)
        aws_error_quote(text, length_without_canonical_request(text), error->message, sizeof(error->message));
}

static void
quote_foreign_body(const struct http_answer *answer, struct aws_error *error)
{
    snprintf(error->code, sizeof(error->code), "http-%ld", answer->status);
    if (answer->body.data != NULL)
        aws_error_quote(answer->body.data, answer->body.length, error->message, FOREIGN_BODY_SHOWN + 1);
}

/* The JSON protocols put code and message into the body itself, STS into its member Error. */
static bool
read_json(const struct http_answer *answer, struct aws_error *error)
{
    AUTO_JSON cJSON *body = json_object_parse(answer->body.data, answer->body.length);
    const cJSON *inner = json_member(body, "Error");
    const char *messages[] = {json_string(body, "message"), json_string(body, "Message"),
                              json_string(inner, "Message")};
    if (!take_code(answer->error_type, error->code, sizeof(error->code)) &&
        !take_code(json_string(body, "__type"), error->code, sizeof(error->code)) &&
        !take_code(json_string(body, "code"), error->code, sizeof(error->code)) &&
        !take_code(json_string(inner, "Code"), error->code, sizeof(error->code)))
        return false;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]) && error->message[0] == '\0'; i++)
        quote_message(messages[i], error);
    return true;
}

static bool
read_xml(const struct http_answer *answer, struct aws_error *error)
{
    const struct buffer *body = &answer->body;
    AUTO_BUFFER struct buffer code = BUFFER(XML_VALUE_LIMIT);
    AUTO_BUFFER struct buffer message = BUFFER(XML_VALUE_LIMIT);
    if (!xml_is_likely(body->data, body->length) ||
        !xml_element_text(body->data, body->length, "ErrorResponse/Error/Code", &code) ||
        !take_code(code.data, error->code, sizeof(error->code)))
        return false;
    if (xml_element_text(body->data, body->length, "ErrorResponse/Error/Message", &message))
        quote_message(message.data, error);
    return true;
}

void
aws_error_read(const struct http_answer *answer, struct aws_error *error)
{
    *error = (struct aws_error){0};
    if (!read_xml(answer, error) && !read_json(answer, error))
        quote_foreign_body(answer, error);
}

/* AWS says InvalidSignatureException for a skewed clock too; only the text tells
 * (reference_sigv-troubleshooting.html#signature-v4-troubleshooting-credential-scope). */
static bool
is_about_time(const char *message)
{
    static const char *const beginnings[] = {"Signature expired", "Signature not yet current"};
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (strncmp(message, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

static enum aws_error_kind
kind_of_status(long status)
{
    switch (status) {
    case 429:
        return AWS_ERROR_THROTTLED;
    case 500: /* botocore takes these four for passing trouble (retries/standard.py) */
    case 502:
    case 503:
    case 504:
        return AWS_ERROR_SERVICE;
    default:
        return AWS_ERROR_NOT_AWS;
    }
}

enum aws_error_kind
aws_error_kind(const struct aws_error *error, long status)
{
    for (size_t i = 0; i < sizeof(known_codes) / sizeof(known_codes[0]); i++) {
        if (strcmp(error->code, known_codes[i].code) != 0)
            continue;
        if (known_codes[i].kind == AWS_ERROR_SIGNATURE && is_about_time(error->message))
            return AWS_ERROR_CLOCK;
        return known_codes[i].kind;
    }
    return strncmp(error->code, "http-", 5) == 0 ? kind_of_status(status) : AWS_ERROR_OTHER;
}

const char *
aws_error_word(enum aws_error_kind kind)
{
    return words[kind];
}
