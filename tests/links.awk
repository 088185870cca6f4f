# SPDX-License-Identifier: BSD-2-Clause
# Turns the "links:" and "libs:" comments of unit tests and fuzz targets into
# make rules.  Variable B is the build directory.
function flush_words(kind, words, i, n, w) {
    n = split(words, w, /[ \t*]+/)
    if (kind == "links") {
        printf "%s:", target
        for (i = 1; i <= n; i++)
            if (w[i] ~ /\.c$/)
                printf " %s/o/%s", dir, substr(w[i], 1, length(w[i]) - 2) ".o"
        print ""
    } else {
        printf "%s: private LIBS =", target
        for (i = 1; i <= n; i++)
            if (w[i] != "")
                printf " -l%s", w[i]
        print ""
    }
}
FNR == 1 {
    kind = ""
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.c$/, "", name)
    dir = B "/" (name ~ /^fuzz_/ ? "fuzz" : "unit")
    target = dir "/" name
    printf "%s: %s/o/%s\n", target, dir, substr(FILENAME, 1, length(FILENAME) - 2) ".o"
}
/\/\* *(links|libs):/ {
    kind = $0 ~ /links:/ ? "links" : "libs"
    words = ""
    sub(/.*(links|libs):/, "")
}
kind != "" {
    line = $0
    ended = sub(/\*\/.*/, "", line)
    words = words " " line
    if (ended) {
        flush_words(kind, words)
        kind = ""
    }
}
