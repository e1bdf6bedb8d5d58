/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The message ids of the events that hallmarkd writes to the system journal. Each has an entry in
 * systemd/hallmark.catalog; tests/style/catalog checks that neither has an id that the other lacks.
 * An id is never changed and never used again for another event.
 */

#define MESSAGE_AGENT_STARTED       "a58cbb71f94f495faa9ba134d8176879"
#define MESSAGE_AGENT_STOPPED       "d1d2ba814edb4a83983adf6318e21ac0"
#define MESSAGE_STOPPED_UNSEALED    "9c4e1b7f3d2a4e86b05f8a6d71c3e294"
#define MESSAGE_RELOADED            "0ebfa53546c34f5ebcb8112ff8d24bf2"
#define MESSAGE_RELOAD_FAILED       "90399ab977284763b97ce3f174df4b06"
#define MESSAGE_TOKEN_READY         "4efe97d2d28545a39b79a7c3a8ef8f02"
#define MESSAGE_TOKEN_LOST          "0310df073e974f7997de9215a1d0a684"
#define MESSAGE_TOKEN_WRONG_PIN     "76ff83038e0e4039b574bd21b9208da6"
#define MESSAGE_TOKEN_LOCKED_OUT    "4b1d2e96581b467bb50b452de5c95085"
#define MESSAGE_TOKEN_TIMEOUT       "d2e8b082e6b64ab6af0931e329875fbe"
#define MESSAGE_KEY_CREATED         "b40f3e7b040a46c48f9c06cc7e796292"
#define MESSAGE_KEY_ROTATED         "8a833d06206a4edeb9127df27e1e2b09"
#define MESSAGE_KEY_DUE             "d7b1c0a24f6e4c7b9f35a8e2c41d6b90"
#define MESSAGE_KEY_IMPORTED        "6e1d3c5fb2a94d0f8b7d4e9aa05c2f71"
#define MESSAGE_KEY_ENDED           "4aee055ad68845acbecbe7eb9f6f0b8e"
#define MESSAGE_STORAGE_FAILED      "8b83fd2fa2c44fdcb47471af555a558e"
#define MESSAGE_REQUEST_DENIED      "4bbacd4df55a48dbaf3575c016216bef"
#define MESSAGE_GRANT_WIDE          "c2f6a3be1d8a4f4c9f0b7f3d5e6a9187"
#define MESSAGE_JOURNAL_FULL        "49f5a52dff914ae6afa478c82a5a2199"
#define MESSAGE_JOURNAL_RECOVERED   "7f2c9fe62df24192b82c58cdd4e954e8"
#define MESSAGE_JOURNAL_SEALED      "e209e1cae76e4bd8821599300000a165"
#define MESSAGE_JOURNAL_REFUSED     "4828b3eaa81d44b9827eee3b11a14aa3"
#define MESSAGE_CHECKPOINT_FAILED   "bab90bcf3cfc47ae96402dc75c53b840"
#define MESSAGE_AUDIT_BROKEN        "6d1f0c9a5b7e4f3c8a2d94e05c7713b8"
#define MESSAGE_ANCHOR_FAILED       "3d0a6f5c86b34d0b9c1f3f0c6e7d52a1"
#define MESSAGE_ANCHOR_FOREIGN      "c1e7b0a94f2d4c5f8f60a7d3b95e2c74"
#define MESSAGE_JOURNAL_ROLLED_BACK "0f6b8c2e5d7a4b19a3e4c8d1f2076b95"
#define MESSAGE_COUNTER_LEFT        "7c2e9d4b6a1f4e03b8d5f1a7c6e20934"
#define MESSAGE_SIGNATURE_REJECTED  "649ad5c326e8494ca2d620a7945ae250"
#define MESSAGE_WITNESS_FAILED      "ab18191ee9014925a8c7d977146036a4"
#define MESSAGE_WITNESS_RECOVERED   "1e4553bf007a4d2f9e4a62c78254b05d"
#define MESSAGE_WITNESS_DISSENTS    "bd4ac551c548483c82fd77076eb0e179"
#define MESSAGE_FROZEN              "3f0c6c1d2a9b4d8e9a5b7c1e60d4f2a3"
#define MESSAGE_THAWED              "8b2f4e7a91c64b0fb3d5a6c7e8f90112"
#define MESSAGE_DECISION_FAILED     "5d0e3f7a1b2c4d6e8f90a1b2c3d4e5f6"
#define MESSAGE_DECISION_RECOVERED  "c7a81f0e6b3d4a25917e2d4c6f8b0a13"
#define MESSAGE_APPROVAL_WANTED     "6e1f90c2d7a84b3595a0c8e7f2d41b36"
