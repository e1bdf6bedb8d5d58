/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metadata as in-toto 3.1.0 for Python wrote it, with keys that nobody has any more.
 */

static const char made_key[] =
        "{\"keytype\": \"ecdsa\", \"scheme\": \"ecdsa-sha2-nistp256\", \"keyval\": {\"publ"
        "ic\": \"-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
        "WJo/uafSYw45eAmFA+sWgK2oFRKB\\na8NAuAm+RNRHxsU2FXuPV/cU9w/oKvZQXmirUMV9"
        "nKH68eSv/pIRl2jY3A==\\n-----END PUBLIC KEY-----\\n\"}, \"keyid\": \"4cea6d9d"
        "f3f75cd75d2f7c86cc20368062e059c5dab895e3403c03246e6e2c2c\"}";

static const char made_key_pem[] =
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWJo/uaf"
        "SYw45eAmFA+sWgK2oFRKB\na8NAuAm+RNRHxsU2FXuPV/cU9w/oKvZQXmirUMV9nKH68eSv"
        "/pIRl2jY3A==\n-----END PUBLIC KEY-----\n";

static const char made_key_ed25519[] =
        "{\"keytype\": \"ed25519\", \"scheme\": \"ed25519\", \"keyval\": {\"public\": \"dab3"
        "8b915542bc230f1be6b864bde5887923f645d44be3aa1f912abc5f44897b\"}, \"keyid"
        "\": \"b6c758b91dd596cd77a4cbb7d74c250a3dac0a381f5a30053ce45d1637181f9d\"}";

static const char made_key_rsa[] =
        "{\"keytype\": \"rsa\", \"scheme\": \"rsassa-pss-sha256\", \"keyval\": {\"public\":"
        " \"-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKC"
        "AYEAoM1zmuq4AoLGVophn3fh\\nQGOPnLhqEt3zxb1FNFC57yjYy3rHmflYMScuTmdpURIF"
        "4BsXOG9KDS4VZaa1zYrB\\nfc5IwwXujZgUMcp4CErphjjf25D8WbXY8MILecndoj86CW78"
        "q6jjALkaxGgCRdXs\\n7Ks0GogJnf3HNsBruQN6Yg5DGyHghxlHR18MKbTJtvnfcocvyNrS"
        "mEz20da02Wpr\\nFzz2sdWc9IGluytVeYQAe3eE9fWyinLzqncntysWnPziSE7Par+t4opK"
        "lja0x/iS\\nx12qijA3MMN+QBHSJzUzvTlWYL5hCG4UuwjgKT1BVdqh6F/UZLy7mHITpP0e"
        "K3zJ\\nPBSOPZg8RkoPZ0UAIx3ye5oOD5JyzWe87Cdlcz8dooKK6MB4olIllUnr2l4JsxFQ"
        "\\nIFa6FLVdysdTxdKT2cxpTmTCoGgfaRcA6raWNrwybbn3qJAhAn+Fx3X+v2vUkMvs\\nhr"
        "CJt5NiI3+S3EW+4LZQVQCCFvQNLnDf4jASiJiIqDN9AgMBAAE=\\n-----END PUBLIC KE"
        "Y-----\\n\"}, \"keyid\": \"9d1fbe2104a01bfeb2f7f08814ebb9a0f46647ac5f03c292"
        "883cf22593ed0fc5\"}";

static const char made_metablock[] =
        "{\"signatures\":[{\"keyid\":\"4cea6d9df3f75cd75d2f7c86cc20368062e059c5dab89"
        "5e3403c03246e6e2c2c\",\"sig\":\"304402202bec9d45f3bc7dcc232ddb640cc59667a5"
        "69f4c8145701aeb860634b8cd71dec02201682714a406ddb59c629e2a437152042c85f"
        "42993d2b83fefd947188f5ec0b60\"}],\"signed\":{\"_type\":\"link\",\"byproducts\":"
        "{\"return-value\":0,\"stderr\":\"\",\"stdout\":\"a\\nb\"},\"command\":[\"train\",\"--x"
        "\"],\"environment\":{\"workdir\":\"/x\"},\"materials\":{\"data/a\":{\"sha256\":\"aaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}},\"name"
        "\":\"train\",\"products\":{\"d\\u00e9\\\"q\\\\\\t\":{\"sha256\":\"cccccccccccccccccccc"
        "cccccccccccccccccccccccccccccccccccccccccccc\"},\"model\":{\"sha256\":\"bbbb"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}}}}";

static const char made_dsse[] =
        "{\"payload\": \"eyJfdHlwZSI6ICJsaW5rIiwgImJ5cHJvZHVjdHMiOiB7InJldHVybi12Y"
        "Wx1ZSI6IDAsICJzdGRlcnIiOiAiIiwgInN0ZG91dCI6ICJhXG5iIn0sICJjb21tYW5kIjo"
        "gWyJ0cmFpbiIsICItLXgiXSwgImVudmlyb25tZW50IjogeyJ3b3JrZGlyIjogIi94In0sI"
        "CJtYXRlcmlhbHMiOiB7ImRhdGEvYSI6IHsic2hhMjU2IjogImFhYWFhYWFhYWFhYWFhYWF"
        "hYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEifX0sI"
        "CJuYW1lIjogInRyYWluIiwgInByb2R1Y3RzIjogeyJkXHUwMGU5XCJxXFxcdCI6IHsic2h"
        "hMjU2IjogImNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY"
        "2NjY2NjY2NjY2NjY2NjY2NjY2MifSwgIm1vZGVsIjogeyJzaGEyNTYiOiAiYmJiYmJiYmJ"
        "iYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiY"
        "mJiYiJ9fX0=\", \"payloadType\": \"application/vnd.in-toto+json\", \"signatur"
        "es\": [{\"keyid\": \"4cea6d9df3f75cd75d2f7c86cc20368062e059c5dab895e3403c0"
        "3246e6e2c2c\", \"sig\": \"MEUCIEs1RfGn3KDyoEEU4/zq6iWv31yknrpV7CFRfB9aYDo8"
        "AiEAsbOS/sS3wpYbp/x319y6BoKEI/qcos6tMpCwxwuRJuc=\"}]}";

static const char made_metablock_ed25519[] =
        "{\"signatures\":[{\"keyid\":\"b6c758b91dd596cd77a4cbb7d74c250a3dac0a381f5a3"
        "0053ce45d1637181f9d\",\"sig\":\"88e03071f8cbb47532c0f096dad7ff6f5d3994f535"
        "39679d00a7c7a3a1db54c70e003313eebf6367d60b357b3d6b5e2e6d7234d8306875ba"
        "bb6aa5ac06f4770a\"}],\"signed\":{\"_type\":\"link\",\"byproducts\":{\"return-val"
        "ue\":0,\"stderr\":\"\",\"stdout\":\"a\\nb\"},\"command\":[\"train\",\"--x\"],\"environm"
        "ent\":{\"workdir\":\"/x\"},\"materials\":{\"data/a\":{\"sha256\":\"aaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}},\"name\":\"train\",\"p"
        "roducts\":{\"d\\u00e9\\\"q\\\\\\t\":{\"sha256\":\"cccccccccccccccccccccccccccccccc"
        "cccccccccccccccccccccccccccccccc\"},\"model\":{\"sha256\":\"bbbbbbbbbbbbbbbb"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}}}}";

static const char made_dsse_rsa[] =
        "{\"payload\": \"eyJfdHlwZSI6ICJsaW5rIiwgImJ5cHJvZHVjdHMiOiB7InJldHVybi12Y"
        "Wx1ZSI6IDAsICJzdGRlcnIiOiAiIiwgInN0ZG91dCI6ICJhXG5iIn0sICJjb21tYW5kIjo"
        "gWyJ0cmFpbiIsICItLXgiXSwgImVudmlyb25tZW50IjogeyJ3b3JrZGlyIjogIi94In0sI"
        "CJtYXRlcmlhbHMiOiB7ImRhdGEvYSI6IHsic2hhMjU2IjogImFhYWFhYWFhYWFhYWFhYWF"
        "hYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEifX0sI"
        "CJuYW1lIjogInRyYWluIiwgInByb2R1Y3RzIjogeyJkXHUwMGU5XCJxXFxcdCI6IHsic2h"
        "hMjU2IjogImNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY"
        "2NjY2NjY2NjY2NjY2NjY2NjY2MifSwgIm1vZGVsIjogeyJzaGEyNTYiOiAiYmJiYmJiYmJ"
        "iYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiY"
        "mJiYiJ9fX0=\", \"payloadType\": \"application/vnd.in-toto+json\", \"signatur"
        "es\": [{\"keyid\": \"9d1fbe2104a01bfeb2f7f08814ebb9a0f46647ac5f03c292883cf"
        "22593ed0fc5\", \"sig\": \"IeEwzf0eluPrQUU2nrFh/tALFVnL2I7kzf9wK9eo6jUAn17X"
        "yNTHPI19iJzZlPA0CBUOHMuR6W+kt+u5tr5uc1wQRqCAl3n+vNdRlf5lZwmeQvbJ+bRw9t"
        "TON9drWXY/jhXiKgSKOwhoKmeExO3kkY7Gz6T+fzRHKFsoQbh8QE3eBeE5iPTdSDKQEi2j"
        "+aKn/AAmZRnfdy73a1vFWzZ3TDq6Ztr1BftrBRMbtQroxscyDqNEkK9vKv2TmtAy90O7np"
        "+xNgZzhaID6NxWbkYacVlawuu6o6+ehnbjrK65Sp7NAApA95bLewM1B35yxMACfQWZGITk"
        "9RPkHHRQsyCdnH8Y+XYPiOdY1xEQvLljl51+ZAk+tHec+GS/XuDtufTM3HxkzD/+RIDWlz"
        "G1H8TfZsRMYVkzA1WUIKnpciz0aKdS23khwV3FQ0ELd5Ljc57+33I+h72X4aKyrYg7oKxd"
        "oS7vnb9lsXsE2JKP6avj/m0VuNn+hrKqYCdRXZNHkFav\"}]}";

static const char made_layout[] =
        "{\"_type\":\"layout\",\"expires\":\"2030-01-01T00:00:00Z\",\"inspect\":[{\"_type\""
        ":\"inspection\",\"expected_materials\":[[\"MATCH\",\"*\",\"WITH\",\"PRODUCTS\",\"FR"
        "OM\",\"train\"]],\"expected_products\":[],\"name\":\"untar\",\"run\":[\"tar\",\"xf\","
        "\"x\"]}],\"keys\":{\"1f45d9064e24eaafa29b8d427b5833058addf317911fe9177a35ef"
        "c811d7b6b2\":{\"keyid\":\"1f45d9064e24eaafa29b8d427b5833058addf317911fe917"
        "7a35efc811d7b6b2\",\"keytype\":\"ecdsa\",\"keyval\":{\"public\":\"-----BEGIN PUB"
        "LIC KEY-----\\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEZHNwm5utZdp3UndD60HFWfyQ"
        "ve7gypCw\\nRB3MYkTpPHfBGBKKD9NT2nl8dGCFUXSsxBnHx115kEzSPZl9TmNUf1I+egEc"
        "OcPk\\n7toL7mGU+s6JW2H45jCcnKmmkS/4/A5H\\n-----END PUBLIC KEY-----\\n\"},\""
        "scheme\":\"ecdsa-sha2-nistp384\"},\"4cea6d9df3f75cd75d2f7c86cc20368062e059"
        "c5dab895e3403c03246e6e2c2c\":{\"keyid\":\"4cea6d9df3f75cd75d2f7c86cc203680"
        "62e059c5dab895e3403c03246e6e2c2c\",\"keytype\":\"ecdsa\",\"keyval\":{\"public\""
        ":\"-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWJo/"
        "uafSYw45eAmFA+sWgK2oFRKB\\na8NAuAm+RNRHxsU2FXuPV/cU9w/oKvZQXmirUMV9nKH6"
        "8eSv/pIRl2jY3A==\\n-----END PUBLIC KEY-----\\n\"},\"scheme\":\"ecdsa-sha2-ni"
        "stp256\"},\"9d1fbe2104a01bfeb2f7f08814ebb9a0f46647ac5f03c292883cf22593ed"
        "0fc5\":{\"keyid\":\"9d1fbe2104a01bfeb2f7f08814ebb9a0f46647ac5f03c292883cf2"
        "2593ed0fc5\",\"keytype\":\"rsa\",\"keyval\":{\"public\":\"-----BEGIN PUBLIC KEY-"
        "----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAoM1zmuq4AoLGVophn3fh"
        "\\nQGOPnLhqEt3zxb1FNFC57yjYy3rHmflYMScuTmdpURIF4BsXOG9KDS4VZaa1zYrB\\nfc"
        "5IwwXujZgUMcp4CErphjjf25D8WbXY8MILecndoj86CW78q6jjALkaxGgCRdXs\\n7Ks0Go"
        "gJnf3HNsBruQN6Yg5DGyHghxlHR18MKbTJtvnfcocvyNrSmEz20da02Wpr\\nFzz2sdWc9I"
        "GluytVeYQAe3eE9fWyinLzqncntysWnPziSE7Par+t4opKlja0x/iS\\nx12qijA3MMN+QB"
        "HSJzUzvTlWYL5hCG4UuwjgKT1BVdqh6F/UZLy7mHITpP0eK3zJ\\nPBSOPZg8RkoPZ0UAIx"
        "3ye5oOD5JyzWe87Cdlcz8dooKK6MB4olIllUnr2l4JsxFQ\\nIFa6FLVdysdTxdKT2cxpTm"
        "TCoGgfaRcA6raWNrwybbn3qJAhAn+Fx3X+v2vUkMvs\\nhrCJt5NiI3+S3EW+4LZQVQCCFv"
        "QNLnDf4jASiJiIqDN9AgMBAAE=\\n-----END PUBLIC KEY-----\\n\"},\"scheme\":\"rsa"
        "ssa-pss-sha256\"},\"b6c758b91dd596cd77a4cbb7d74c250a3dac0a381f5a30053ce4"
        "5d1637181f9d\":{\"keyid\":\"b6c758b91dd596cd77a4cbb7d74c250a3dac0a381f5a30"
        "053ce45d1637181f9d\",\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"dab38b9155"
        "42bc230f1be6b864bde5887923f645d44be3aa1f912abc5f44897b\"},\"scheme\":\"ed2"
        "5519\"}},\"readme\":\"hello\",\"steps\":[{\"_type\":\"step\",\"expected_command\":["
        "\"prepare\"],\"expected_materials\":[[\"ALLOW\",\"raw/*\"]],\"expected_products"
        "\":[[\"CREATE\",\"data/*\"],[\"DISALLOW\",\"*\"]],\"name\":\"prepare\",\"pubkeys\":[\""
        "4cea6d9df3f75cd75d2f7c86cc20368062e059c5dab895e3403c03246e6e2c2c\"],\"th"
        "reshold\":1},{\"_type\":\"step\",\"expected_command\":[],\"expected_materials\""
        ":[[\"MATCH\",\"data/*\",\"WITH\",\"PRODUCTS\",\"FROM\",\"prepare\"],[\"DISALLOW\",\"*"
        "\"]],\"expected_products\":[[\"REQUIRE\",\"model\"],[\"match\",\"*\",\"in\",\"a\",\"wi"
        "th\",\"materials\",\"in\",\"b/\",\"from\",\"prepare\"],[\"MODIFY\",\"x\"],[\"DELETE\",\""
        "y\"],[\"ALLOW\",\"*\"]],\"name\":\"train\",\"pubkeys\":[\"4cea6d9df3f75cd75d2f7c86"
        "cc20368062e059c5dab895e3403c03246e6e2c2c\",\"1f45d9064e24eaafa29b8d427b5"
        "833058addf317911fe9177a35efc811d7b6b2\",\"9d1fbe2104a01bfeb2f7f08814ebb9"
        "a0f46647ac5f03c292883cf22593ed0fc5\",\"b6c758b91dd596cd77a4cbb7d74c250a3"
        "dac0a381f5a30053ce45d1637181f9d\"],\"threshold\":2}]}";
