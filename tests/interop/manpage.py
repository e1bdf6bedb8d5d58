# SPDX-License-Identifier: Apache-2.0
"""The examples of a manual page, as people would type them."""

import re


def examples(page):
    text = page.read_text(encoding="utf-8").split("\n# EXAMPLES\n")[1].split("\n# SEE ALSO\n")[0]
    for block in re.findall(r"^```\n(.*?)^```", text, re.M | re.S):
        yield re.sub(r"\\(.)", r"\1", block)
