// SPDX-License-Identifier: Apache-2.0
/* The published vectors, and everything near them that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "cgi/hook/signature.h"
#include "core/config/config.h"

/* https://github.com/standard-webhooks/standard-webhooks, tests of its libraries */
#define SECRET    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID        "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIME      "1614265330"
#define BODY      "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define OTHER     "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static unsigned char secret[64];

static struct signature_key key_of(const char *text)
{
    long len = config_decode_secret(text, secret);
    assert_true(len > 0);
    return (struct signature_key){secret, (size_t)len};
}

static struct signature_input vector(void)
{
    return (struct signature_input){.id = ID,
                                    .timestamp = TIME,
                                    .signature = SIGNATURE,
                                    .body = BODY,
                                    .body_len = strlen(BODY),
                                    .now = 1614265330};
}

static int check(const struct signature_input *in)
{
    struct signature_key key = key_of(SECRET);
    return signature_check_standard(in, &key, 1);
}

static void verifies_the_vectors_of_standard_webhooks(void **state)
{
    (void)state;
    struct signature_input in = vector();
    assert_int_equal(check(&in), 0);
    struct signature_key key = key_of("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    static const char body[] = "{\"email\":\"test@example.com\",\"username\":\"test_user\"}";
    in = (struct signature_input){.id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                                  .timestamp = "1649367553",
                                  .signature = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
                                  .body = body,
                                  .body_len = strlen(body),
                                  .now = 1649367553};
    assert_int_equal(signature_check_standard(&in, &key, 1), 0);
}

static void verifies_the_vector_of_github(void **state)
{
    (void)state;
    static const char text[] = "It's a Secret to Everybody";
    struct signature_key key = {(const unsigned char *)text, strlen(text)};
    struct signature_input in = {
        .signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        .body = "Hello, World!",
        .body_len = 13};
    assert_int_equal(signature_check_github(&in, &key, 1), 0);
    static const char *const wrong[] = {
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e170",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e16",
        "sha256=",
        "",
        NULL,
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        in.signature = wrong[i];
        assert_int_equal(signature_check_github(&in, &key, 1), -1);
    }
}

static void takes_a_plain_hmac_in_either_case(void **state)
{
    (void)state;
    /* RFC 4231, test case 2 */
    struct signature_key key = {(const unsigned char *)"Jefe", 4};
    struct signature_input in = {
        .signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        .body = "what do ya want for nothing?",
        .body_len = 28};
    assert_int_equal(signature_check_hmac(&in, &key, 1), 0);
    in.signature = "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843";
    assert_int_equal(signature_check_hmac(&in, &key, 1), 0);
    in.signature = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_int_equal(signature_check_hmac(&in, &key, 1), -1);
    in.signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843,x";
    assert_int_equal(signature_check_hmac(&in, &key, 1), -1);
    in.signature = NULL;
    assert_int_equal(signature_check_hmac(&in, &key, 1), -1);
}

static void needs_all_three_headers_as_they_are_signed(void **state)
{
    (void)state;
    static const struct {
        const char *id, *timestamp, *signature;
    } wrong[] = {
        {NULL, TIME, SIGNATURE},
        {ID, NULL, SIGNATURE},
        {ID, TIME, NULL},
        {"", TIME, SIGNATURE},
        {ID, "", SIGNATURE},
        {ID, TIME, ""},
        {ID "x", TIME, SIGNATURE},
        {ID ".", TIME, SIGNATURE},
        {ID ", " ID, TIME, SIGNATURE},
        {ID, TIME ", " TIME, SIGNATURE},
        {ID, TIME, SIGNATURE ", " SIGNATURE},
        {"msg_\xc3\xa9", TIME, SIGNATURE},
        {"msg x", TIME, SIGNATURE},
        {ID, "0" TIME, SIGNATURE},
        {ID, TIME "abc", SIGNATURE},
        {ID, "+" TIME, SIGNATURE},
        {ID, " " TIME, SIGNATURE},
        {ID, "-" TIME, SIGNATURE},
        {ID, TIME ".0", SIGNATURE},
        {ID, "1614265331", SIGNATURE}, /* current, but not what was signed */
        {ID, "99999999999999999999", SIGNATURE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct signature_input in = vector();
        in.id = wrong[i].id;
        in.timestamp = wrong[i].timestamp;
        in.signature = wrong[i].signature;
        if (check(&in) != -1)
            fail_msg("row %zu passed", i);
    }
}

static void heeds_the_tolerance_to_the_second(void **state)
{
    (void)state;
    static const int offsets[] = {-300, -299, 0, 299, 300};
    struct signature_input in = vector();
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        in.now = 1614265330 + offsets[i];
        assert_int_equal(check(&in), 0);
    }
    in.now = 1614265330 + 301;
    assert_int_equal(check(&in), -1);
    in.now = 1614265330 - 301;
    assert_int_equal(check(&in), -1);
}

static void reads_a_list_of_signatures(void **state)
{
    (void)state;
    static const struct {
        const char *signature;
        int found;
    } rows[] = {
        {OTHER " " SIGNATURE, 0},
        {SIGNATURE " " OTHER, 0},
        {"v1a,anything " SIGNATURE, 0},
        {"v2,AAAA " SIGNATURE, 0},
        {OTHER, -1},
        {"v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1},
        {"V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1},
        {"v1=g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1},
        {"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1},
        {"v1,", -1},
        {",", -1},
        {"v1", -1},
        {"v1,83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1", -1}, /* hex */
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", -1},  /* padding cut off */
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", -1}, /* stray bits at the end */
        {"v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1}, /* the URL's alphabet */
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=x", -1},
        {"v1,G0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1},
        {SIGNATURE " ", -1},
        {" " SIGNATURE, -1},
        {SIGNATURE "  " OTHER, -1},
        {SIGNATURE "\t" OTHER, -1},
        {SIGNATURE " x", -1},
        {SIGNATURE " v1,short", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct signature_input in = vector();
        in.signature = rows[i].signature;
        if (check(&in) != rows[i].found)
            fail_msg("'%s': not %d", rows[i].signature, rows[i].found);
    }
}

static void takes_no_more_signatures_than_its_limit(void **state)
{
    (void)state;
    for (int count = SIGNATURE_MAX; count <= 100; count += 100 - SIGNATURE_MAX) {
        char list[100 * 48] = SIGNATURE;
        for (int i = 1; i < count; i++)
            strcat(list, " " OTHER);
        struct signature_input in = vector();
        in.signature = list;
        assert_int_equal(check(&in), count == SIGNATURE_MAX ? 0 : -1);
    }
}

static void sees_each_flipped_bit_of_the_body(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * strlen(BODY); bit++) {
        char body[] = BODY;
        body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
        struct signature_input in = vector();
        in.body = body;
        assert_int_equal(check(&in), -1);
    }
    struct signature_input in = vector();
    in.body_len--;
    assert_int_equal(check(&in), -1);
    in.body_len = 0;
    in.body = NULL;
    assert_int_equal(check(&in), -1);
}

static void says_which_key_signed(void **state)
{
    (void)state;
    unsigned char other[64];
    long len = config_decode_secret("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", other);
    struct signature_key keys[] = {{other, (size_t)len}, key_of(SECRET), {other, (size_t)len}};
    struct signature_input in = vector();
    assert_int_equal(signature_check_standard(&in, keys, 3), 1);
    assert_int_equal(signature_check_standard(&in, keys, 1), -1);
    assert_int_equal(signature_check_standard(&in, keys, 0), -1);
}

static void refuses_a_long_id(void **state)
{
    (void)state;
    char id[SIGNATURE_ID_MAX + 2];
    memset(id, 'a', sizeof id);
    id[sizeof id - 1] = '\0';
    struct signature_input in = vector();
    in.id = id;
    assert_int_equal(check(&in), -1);
    id[SIGNATURE_ID_MAX] = '\0'; /* as long as allowed: only the signature is wrong */
    assert_int_equal(check(&in), -1);
}

/* The right signature over `text`, as the sender's own key makes it. */
static void sign(const char *text, char out[64])
{
    unsigned char sum[32];
    unsigned int len = sizeof sum;
    struct signature_key key = key_of(SECRET);
    memcpy(out, "v1,", 3);
    assert_non_null(HMAC(EVP_sha256(), key.bytes, (int)key.len, (const unsigned char *)text,
                         strlen(text), sum, &len));
    EVP_EncodeBlock((unsigned char *)out + 3, sum, (int)len);
}

/* A good signature does not excuse what it is over. */
static void refuses_what_is_malformed_and_well_signed(void **state)
{
    (void)state;
    static char longest[SIGNATURE_ID_MAX + 1], longer[SIGNATURE_ID_MAX + 2], huge[4096];
    memset(longest, 'a', sizeof longest - 1);
    memset(longer, 'a', sizeof longer - 1);
    memset(huge, 'a', sizeof huge - 1);
    const struct {
        const char *id, *timestamp;
        int found;
    } rows[] = {
        {ID, TIME, 0},          {longest, TIME, 0},         {longer, TIME, -1},
        {huge, TIME, -1},       {"a.b", TIME, -1},          {"a,b", TIME, -1},
        {"a b", TIME, -1},      {"msg_\xc3\xa9", TIME, -1}, {"", TIME, -1},
        {ID, "0" TIME, -1},     {ID, "+" TIME, -1},         {ID, TIME " ", -1},
        {ID, "", -1},           {ID, "1614265029", -1}, /* a second too old, a second too new */
        {ID, "1614265631", -1}, {ID, "1614265030", 0},      {ID, "1614265630", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[8192], signature[64];
        snprintf(text, sizeof text, "%s.%s.%s", rows[i].id, rows[i].timestamp, BODY);
        sign(text, signature);
        struct signature_input in = vector();
        in.id = rows[i].id;
        in.timestamp = rows[i].timestamp;
        in.signature = signature;
        if (check(&in) != rows[i].found)
            fail_msg("row %zu: not %d", i, rows[i].found);
    }
    char body_alone[64];
    sign(BODY, body_alone); /* as another profile would */
    for (int missing = 0; missing < 4; missing++) {
        struct signature_input in = vector();
        in.signature = body_alone;
        in.id = missing & 1 ? NULL : ID;
        in.timestamp = missing & 2 ? NULL : TIME;
        assert_int_equal(check(&in), -1);
    }
}

static void hashes_in_hex(void **state)
{
    (void)state;
    char hex[SIGNATURE_HEX_SIZE];
    signature_hash("abc", 3, hex); /* FIPS 180-2 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    signature_hash(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_the_vectors_of_standard_webhooks),
        cmocka_unit_test(verifies_the_vector_of_github),
        cmocka_unit_test(takes_a_plain_hmac_in_either_case),
        cmocka_unit_test(needs_all_three_headers_as_they_are_signed),
        cmocka_unit_test(heeds_the_tolerance_to_the_second),
        cmocka_unit_test(reads_a_list_of_signatures),
        cmocka_unit_test(takes_no_more_signatures_than_its_limit),
        cmocka_unit_test(sees_each_flipped_bit_of_the_body),
        cmocka_unit_test(says_which_key_signed),
        cmocka_unit_test(refuses_a_long_id),
        cmocka_unit_test(refuses_what_is_malformed_and_well_signed),
        cmocka_unit_test(hashes_in_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
