/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/config.h"

#define ORIGIN_TEXT                                                                                \
        "expected a name of at most 255 bytes without blanks and \"+\", such as "                  \
        "hallmark.example.org/host42"
#define NAME_TEXT                                                                                  \
        "expected a name of 1 to 64 characters a-z A-Z 0-9 . _ - that begins with a letter or "    \
        "digit"
#define SECTIONS_TEXT                                                                              \
        "expected [Agent], [Token NAME], [Key NAME], [Grant NAME], [Witness NAME] or [Builder NAME]"

static void test_sections(void)
{
        static const struct row rows[] = {
                {"empty", "", "f: expected a section [Agent], found none"},
                {"no log key", "[Agent]\nOrigin=x\n",
                 "f: expected one [Key NAME] with Purpose=log, found none"},
                {"unknown kind", GOOD "[Tokens a]\n",
                 "f:13: " SECTIONS_TEXT ", found \"[Tokens a]\""},
                {"lower case", GOOD "[agent]\n", "f:13: " SECTIONS_TEXT ", found \"[agent]\""},
                {"agent with name", GOOD "[Agent a]\n",
                 "f:13: " SECTIONS_TEXT ", found \"[Agent a]\""},
                {"token without name", GOOD "[Token]\n",
                 "f:13: " SECTIONS_TEXT ", found \"[Token]\""},
                {"no kind", GOOD "[]\n", "f:13: " SECTIONS_TEXT ", found \"[]\""},
                {"empty name", GOOD "[Token ]\n", "f:13: [Token ]: " NAME_TEXT ", found \"\""},
                {"two blanks", GOOD "[Token  a]\n",
                 "f:13: [Token  a]: " NAME_TEXT ", found \" a\""},
                {"path", GOOD "[Key ../x]\n", "f:13: [Key ../x]: " NAME_TEXT ", found \"../x\""},
                {"65 characters", GOOD "[Grant " NAME64 "x]\n",
                 "f:13: [Grant " NAME64 "x]: " NAME_TEXT ", found \"" NAME64 "x\""},
                {"agent twice", GOOD "[Agent]\n",
                 "f:13: [Agent]: expected once, found also at f:1"},
                {"token twice", GOOD "[Token tpm0]\n",
                 "f:13: [Token tpm0]: expected once, found also at f:3"},
                {"twice in a row", GOOD "[Grant g]\n[Grant g]\n",
                 "f:14: [Grant g]: expected once, found also at f:13"},
                {"key twice", GOOD GRANT "Key=a\n",
                 "f:16: [Grant g] Key=: expected once, found also in line 14"},
                {"empty section", GOOD "[Grant g]\n",
                 "f:13: [Grant g] Methods=: expected some of Sign SignLogged Attest OpenRun DescribeRun CreateKey ImportKey RotateKey RetireKey RevokeKey DestroyKey AttestKey Freeze Thaw Approve UnlockToken Reload AcknowledgeRollback, found nothing"},
                {"no value", GOOD "[Grant g]\nMethods=\n",
                 "f:14: [Grant g] Methods=: expected a value, found \"\""},
        };

        expect_rows(rows, ARRAY_SIZE(rows));
}

#define BUILDER "[Builder b]\nId=https://b/\nKey=k\nObserved=yes\n"

static void test_builder(void)
{
        static const struct row rows[] = {
                {"no URI", GOOD "[Builder b]\nId=b\n",
                 "f:14: [Builder b] Id=: expected a URI, found \"b\""},
                {"no key", GOOD "[Builder b]\nId=b:1\nObserved=no\n",
                 "f:13: [Builder b] Key=: expected the name of a key that signs nothing else, found nothing"},
                {"perhaps observed", GOOD "[Builder b]\nId=b:1\nKey=k\nObserved=maybe\n",
                 "f:16: [Builder b] Observed=: expected yes or no, found \"maybe\""},
                {"the same id", GOOD BUILDER "[Builder c]\nId=https://b/\nKey=l\nObserved=no\n",
                 "f:18: [Builder c] Id=: expected another one than that of \"b\" at f:13, found \"https://b/\""},
                {"the same key", GOOD BUILDER "[Builder c]\nId=https://c/\nKey=k\nObserved=no\n",
                 "f:19: [Builder c] Key=: expected another one than that of \"b\" at f:13, found \"k\""},
                {"the log key", GOOD "[Builder b]\nId=b:1\nKey=log\nObserved=no\n",
                 "f:15: [Builder b] Key=: expected a key with Purpose=provenance, found \"log\""},
                {"lesser than the least",
                 GOOD "[Builder b]\nId=b:1\nKey=k\nObserved=no\nLesser=c\n",
                 "f:17: [Builder b] Lesser=: expected none with Observed=no, which is the lesser one, found \"c\""},
                {"no such lesser one", GOOD BUILDER "Lesser=c\n",
                 "f:13: [Builder b] Lesser=: expected the name of a [Builder] with Observed=no, found \"c\""},
                {"itself", GOOD BUILDER "Lesser=b\n",
                 "f:13: [Builder b] Lesser=: expected the name of a [Builder] with Observed=no, found \"b\""},
        };

        expect_rows(rows, ARRAY_SIZE(rows));
}

#define AGENT(line) "[Agent]\nOrigin=x\n" line "\n"
#define AGENT_KEYS                                                                                 \
        "Origin StateDirectory SignSocket AdminSocket CheckpointInterval Anchor AnchorInterval "   \
        "CountInterval TwoPerson ApprovalWindow Decision DecisionTimeout"
#define PATH_107    "/" NAME64 "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
#define SOCKET_TEXT "expected an absolute path of less than 108 bytes"

static void test_agent(void)
{
        static const struct row rows[] = {
                {"no origin", "[Agent]\nStateDirectory=/x\n",
                 "f:1: [Agent] Origin=: " ORIGIN_TEXT ", found nothing"},
                {"origin with blank", "[Agent]\nOrigin=a b\n",
                 "f:2: [Agent] Origin=: " ORIGIN_TEXT ", found \"a b\""},
                {"origin with plus", "[Agent]\nOrigin=a+b\n",
                 "f:2: [Agent] Origin=: " ORIGIN_TEXT ", found \"a+b\""},
                {"unknown key", AGENT("origin=y"),
                 "f:3: [Agent] origin=: expected one of the keys " AGENT_KEYS ", found \"origin\""},
                {"relative", AGENT("StateDirectory=var"),
                 "f:3: [Agent] StateDirectory=: expected an absolute path, found \"var\""},
                {"relative socket", AGENT("SignSocket=@x"),
                 "f:3: [Agent] SignSocket=: " SOCKET_TEXT ", found \"@x\""},
                {"long socket", AGENT("AdminSocket=" PATH_107 "x"),
                 "f:3: [Agent] AdminSocket=: " SOCKET_TEXT ", found \"" PATH_107 "x\""},
                {"same sockets", AGENT("SignSocket=/run/hallmark/admin.sock"),
                 "f: [Agent] SignSocket=, AdminSocket=: expected two paths, found "
                 "\"/run/hallmark/admin.sock\" twice"},
                {"short", AGENT("CheckpointInterval=9ms"),
                 "f:3: [Agent] CheckpointInterval=: expected a time from 10ms to 60min, such as 1s, "
                 "found \"9ms\""},
        };

        static_assert(sizeof(PATH_107) - 1 == 107, "the longest that fits sun_path");
        expect_rows(rows, ARRAY_SIZE(rows));
}

static void test_tokens(void)
{
        static const struct row rows[] = {
                {"no driver", GOOD "[Token t]\nTCTI=x\n",
                 "f:13: [Token t] Driver=: expected one of tpm pkcs11, found nothing"},
                {"driver", GOOD "[Token t]\nTCTI=x\nDriver=../tpm\n",
                 "f:15: [Token t] Driver=: expected one of tpm pkcs11, found \"../tpm\""},
                {"no TCTI", GOOD "[Token t]\nDriver=tpm\n",
                 "f:13: [Token t] TCTI=: expected how to reach the TPM, such as device:/dev/tpmrm0, "
                 "found nothing"},
                {"key of another driver", GOOD "[Token t]\nDriver=tpm\nTCTI=x\nWorkers=2\n",
                 "f:16: [Token t] Workers=: expected one of the keys Driver Timeout TCTI PinFile "
                 "OwnerFile Audit AuditInterval, found \"Workers\""},
                {"neither yes nor no", GOOD "[Token t]\nDriver=tpm\nTCTI=x\nAudit=maybe\n",
                 "f:16: [Token t] Audit=: expected yes or no, found \"maybe\""},
                {"no module", GOOD "[Token t]\nDriver=pkcs11\n",
                 "f:13: [Token t] Module=: expected an absolute path, found nothing"},
                {"relative module", GOOD "[Token t]\nDriver=pkcs11\nModule=m.so\n",
                 "f:15: [Token t] Module=: expected an absolute path, found \"m.so\""},
                {"neither label nor serial", GOOD PKCS11,
                 "f:13: [Token h] TokenLabel=: expected this or TokenSerial=, found nothing"},
                {"relative owner file", GOOD "[Token t]\nDriver=tpm\nTCTI=x\nOwnerFile=owner\n",
                 "f:16: [Token t] OwnerFile=: expected an absolute path, found \"owner\""},
                {"relative PIN file", GOOD PKCS11 "TokenLabel=l\nPinFile=pin\n",
                 "f:17: [Token h] PinFile=: expected an absolute path, found \"pin\""},
                {"no workers", GOOD PKCS11 "Workers=0\n",
                 "f:16: [Token h] Workers=: expected a number from 1 to 64, found \"0\""},
                {"too many workers", GOOD PKCS11 "Workers=65\n",
                 "f:16: [Token h] Workers=: expected a number from 1 to 64, found \"65\""},
                {"workers in words", GOOD PKCS11 "Workers=two\n",
                 "f:16: [Token h] Workers=: expected a number from 1 to 64, found \"two\""},
                {"timeout", GOOD PKCS11 "Timeout=99ms\n",
                 "f:16: [Token h] Timeout=: expected a time from 100ms to 10min, such as 10s, found "
                 "\"99ms\""},
        };

        expect_rows(rows, ARRAY_SIZE(rows));
}

static void test_keys(void)
{
        static const struct row rows[] = {
                {"no token", GOOD "[Key k]\nAlgorithm=ecdsa-p256\nPurpose=model\n",
                 "f:13: [Key k] Token=: expected the name of a [Token], found nothing"},
                {"unknown token", GOOD "[Key k]\nAlgorithm=ecdsa-p256\nPurpose=model\nToken=t\n",
                 "f:16: [Key k] Token=: expected the name of a [Token], found \"t\""},
                {"algorithm", GOOD KEY("ecdsa", "model"),
                 "f:15: [Key k] Algorithm=: expected one of ecdsa-p256 ecdsa-p384 rsa-2048 rsa-3072 "
                 "rsa-2048-pss rsa-3072-pss ed25519, found \"ecdsa\""},
                {"purpose", GOOD KEY("ecdsa-p256", "Model"),
                 "f:16: [Key k] Purpose=: expected one of model dataset provenance general log, "
                 "found \"Model\""},
                {"no purpose", GOOD "[Key k]\nToken=tpm0\nAlgorithm=ecdsa-p256\n",
                 "f:13: [Key k] Purpose=: expected one of model dataset provenance general log, "
                 "found nothing"},
                {"rotation of the log key",
                 "[Agent]\nOrigin=x\n[Token tpm0]\nDriver=tpm\nTCTI=x\n" KEY(
                         "ecdsa-p256", "log") "RotateAfter=90d\n",
                 "f:10: [Key k] RotateAfter=: expected no such entry for the log key, which stays, found "
                 "\"90d\""},
                {"rotation never", GOOD KEY("ecdsa-p256", "model") "RotateAfter=0\n",
                 "f:17: [Key k] RotateAfter=: expected a duration from 1s to 3660d, such as 90d, found "
                 "\"0\""},
                {"rotation in words", GOOD KEY("ecdsa-p256", "model") "RotateAfter=monthly\n",
                 "f:17: [Key k] RotateAfter=: expected a duration from 1s to 3660d, such as 90d, found "
                 "\"monthly\""},
                {"rotation too late", GOOD KEY("ecdsa-p256", "model") "RotateAfter=3661d\n",
                 "f:17: [Key k] RotateAfter=: expected a duration from 1s to 3660d, such as 90d, found "
                 "\"3661d\""},
                {"transparency", GOOD KEY("ecdsa-p256", "model") "Transparency=yes\n",
                 "f:17: [Key k] Transparency=: expected one of none rekor, found \"yes\""},
                {"transparent messages", GOOD KEY("ed25519", "model") "Transparency=rekor\n",
                 "f:17: [Key k] Transparency=: expected none: Sigstore's log has no entries of "
                 "messages, found \"rekor\""},
                {"transparent log key",
                 "[Agent]\nOrigin=x\n[Token tpm0]\nDriver=tpm\nTCTI=x\n" KEY(
                         "ecdsa-p256", "log") "Transparency=rekor\n",
                 "f:10: [Key k] Transparency=: expected none for the log key, found \"rekor\""},
                {"two log keys", GOOD KEY("ecdsa-p256", "log"),
                 "f:16: [Key k] Purpose=: expected one log key, which is \"log\" at f:6, found "
                 "\"log\""},
                {"log key",
                 "[Agent]\nOrigin=x\n[Token tpm0]\nDriver=tpm\nTCTI=x\n" KEY("ecdsa-p384", "log"),
                 "f:8: [Key k] Algorithm=: expected ecdsa-p256 for the log key, ed25519 for a "
                 "second one, found \"ecdsa-p384\""},
                {"two second log keys",
                 GOOD KEY("ed25519", "log") "[Key l]\nToken=tpm0\nAlgorithm=ed25519\nPurpose=log\n",
                 "f:20: [Key l] Purpose=: expected one log key with ed25519, which is \"k\" at "
                 "f:13, found \"log\""},
                {"second log key alone",
                 "[Agent]\nOrigin=x\n[Token tpm0]\nDriver=tpm\nTCTI=x\n" KEY("ed25519", "log"),
                 "f: expected one [Key NAME] with Purpose=log and Algorithm=ecdsa-p256, found "
                 "none"},
        };

        expect_rows(rows, ARRAY_SIZE(rows));
}

#define DECISION                                                                                   \
        "none, or opa:unix:SOCKET:/v1/data/RULE, such as "                                         \
        "opa:unix:/run/opa.sock:/v1/data/hallmark/allow"

/* Who else has to allow it. */
static void test_others(void)
{
        static const struct row rows[] = {
                {"approved by somebody", "[Agent]\nOrigin=x\nTwoPerson=RevokeKey Sign\n",
                 "f:3: [Agent] TwoPerson=: expected none, or some of RevokeKey DestroyKey Thaw, not "
                 "\"Sign\", found \"RevokeKey Sign\""},
                {"approved for ever", "[Agent]\nOrigin=x\nApprovalWindow=10081min\n",
                 "f:3: [Agent] ApprovalWindow=: expected a time from 1s to 10080min, such as 60min, "
                 "found \"10081min\""},
                {"decision by nobody", GOOD GRANT "Decision=\n",
                 "f:16: [Grant g] Decision=: expected a value, found \"\""},
                {"decision by another", GOOD GRANT "Decision=cedar:unix:/s:/v1/data/a\n",
                 "f:16: [Grant g] Decision=: expected " DECISION
                 ", found \"cedar:unix:/s:/v1/data/a\""},
                {"decision over the network", GOOD GRANT "Decision=opa:http://h/v1/data/a\n",
                 "f:16: [Grant g] Decision=: expected " DECISION
                 ", found \"opa:http://h/v1/data/a\""},
                {"decision at a relative path", GOOD GRANT "Decision=opa:unix:s:/v1/data/a\n",
                 "f:16: [Grant g] Decision=: expected " DECISION
                 ", found \"opa:unix:s:/v1/data/a\""},
                {"decision without a rule", GOOD GRANT "Decision=opa:unix:/s:/v1/data/\n",
                 "f:16: [Grant g] Decision=: expected " DECISION
                 ", found \"opa:unix:/s:/v1/data/\""},
                {"decision by a query", GOOD GRANT "Decision=opa:unix:/s:/v1/data/a?pretty\n",
                 "f:16: [Grant g] Decision=: expected " DECISION
                 ", found \"opa:unix:/s:/v1/data/a?pretty\""},
                {"decision elsewhere", GOOD GRANT "Decision=opa:unix:/s:/v1/data/../policies\n",
                 "f:16: [Grant g] Decision=: expected " DECISION
                 ", found \"opa:unix:/s:/v1/data/../policies\""},
                {"decision at once", GOOD GRANT "DecisionTimeout=0\n",
                 "f:16: [Grant g] DecisionTimeout=: expected a time from 10ms to 10s, such as 1s, "
                 "found \"0\""},
        };

        expect_rows(rows, ARRAY_SIZE(rows));
}

static void test_grants(void)
{
        static const struct row rows[] = {
                {"no methods", GOOD "[Grant g]\nKey=*\n",
                 "f:13: [Grant g] Methods=: expected some of Sign SignLogged Attest OpenRun DescribeRun CreateKey ImportKey RotateKey RetireKey RevokeKey DestroyKey AttestKey Freeze Thaw Approve UnlockToken Reload AcknowledgeRollback, found nothing"},
                {"method", GOOD "[Grant g]\nKey=*\nMethods=Sign sign\n",
                 "f:15: [Grant g] Methods=: expected some of Sign SignLogged Attest OpenRun DescribeRun CreateKey ImportKey RotateKey RetireKey RevokeKey DestroyKey AttestKey Freeze Thaw Approve UnlockToken Reload AcknowledgeRollback, not \"sign\", "
                 "found \"Sign sign\""},
                {"no key", GOOD "[Grant g]\nMethods=Reload CreateKey\n",
                 "f:13: [Grant g] Key=: expected patterns of key names, as Methods= has some that "
                 "name a key, found nothing"},
                {"user", GOOD GRANT "User=root no.such.user\n",
                 "f:16: [Grant g] User=: expected names of users of this host, not "
                 "\"no.such.user\", found \"root no.such.user\""},
                {"uid out of range", GOOD GRANT "User=4294967295\n",
                 "f:16: [Grant g] User=: expected names of users of this host, not \"4294967295\", "
                 "found \"4294967295\""},
                {"group", GOOD GRANT "Group=no.such.group\n",
                 "f:16: [Grant g] Group=: expected names of groups of this host, not "
                 "\"no.such.group\", found \"no.such.group\""},
                {"burst alone", GOOD GRANT "Burst=5\n",
                 "f:13: [Grant g] Rate=: " RATE_TEXT ", as Burst= is set, found nothing"},
                {"burst", GOOD GRANT "Rate=1/s\nBurst=0\n",
                 "f:17: [Grant g] Burst=: expected a number from 1 to 1000000, found \"0\""},
                {"unknown", GOOD GRANT "Pod=x\n",
                 "f:16: [Grant g] Pod=: expected one of the keys Key User Group Unit Slice Job Claims "
                 "UserNamespaces Methods Rate Burst PerDay Decision DecisionTimeout, found \"Pod\""},
                {"claims", GOOD GRANT "Claims=run =x\n",
                 "f:16: [Grant g] Claims=: expected 1 to 64 names of claims, or NAME=PATTERN, not "
                 "\"=x\", found \"run =x\""},
                {"per day", GOOD GRANT "PerDay=0\n",
                 "f:16: [Grant g] PerDay=: expected a number from 1 to 1000000, found \"0\""},
                {"namespaces", GOOD GRANT "UserNamespaces=1\n",
                 "f:16: [Grant g] UserNamespaces=: expected yes or no, found \"1\""},
        };

        expect_rows(rows, ARRAY_SIZE(rows));
}

int main(void)
{
        test_sections();
        test_builder();
        test_agent();
        test_tokens();
        test_keys();
        test_grants();
        test_others();
        return test_result();
}
