# SPDX-License-Identifier: BSD-2-Clause
# From `nm -n` of the kernel to a C table of text symbols for backtraces:
# how far each is behind the one before, and all names behind each other.
function hex(s,   i, v) {
    v = 0
    for (i = 9; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return v
}
$3 == "kernel_text_start" { base = hex($1) }
($2 == "t" || $2 == "T") && $3 !~ /^kernel_text|[.]L|^\./ {
    if (hex($1) < base || base == 0) next
    address[n] = hex($1) - base; name[n] = $3
    sub(/\..*/, "", name[n]) # what the compiler made of a function is one, too
    n++
}
END {
    print "#include \"lib/symbols.h\""
    print "__attribute__((section(\".symtab_blob\"))) const unsigned int kernel_symbol_count = " (n + 0) ";"
    printf "__attribute__((section(\".symtab_blob\"))) const unsigned short kernel_symbol_distances[] = {\n"
    for (i = 0; i < n; i++) {
        distance = address[i] - (i ? address[i - 1] : 0)
        if (distance > 65535) { print "symbols.awk: " name[i] " is too far away" > "/dev/stderr"; exit 1 }
        print distance ","
    }
    print "0};"
    printf "__attribute__((section(\".symtab_blob\"))) const char kernel_symbol_names[] =\n"
    for (i = 0; i < n; i++) printf "\"%s\\0\"\n", name[i]
    print "\"\";"
}
