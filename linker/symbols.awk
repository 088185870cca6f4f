# SPDX-License-Identifier: BSD-2-Clause
# From `nm -n` of the kernel to a C table of text symbols for backtraces:
# offsets from the text's start, sorted, and one string of all names.
function hex(s,   i, v) {
    v = 0
    for (i = 9; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return v
}
$3 == "kernel_text_start" { base = hex($1) }
($2 == "t" || $2 == "T") && $3 !~ /^kernel_text|[.]L|^\./ {
    if (hex($1) < base || base == 0) next
    address[n] = hex($1) - base; name[n++] = $3
}
END {
    print "#include \"lib/symbols.h\""
    print "__attribute__((section(\".symtab_blob\"))) const unsigned int kernel_symbol_count = " (n + 0) ";"
    printf "__attribute__((section(\".symtab_blob\"))) const struct kernel_symbol kernel_symbols[] = {\n"
    offset = 0
    for (i = 0; i < n; i++) { printf "{%d,%d},\n", address[i], offset; offset += length(name[i]) + 1 }
    print "{0xffffffffu,0}};"
    printf "__attribute__((section(\".symtab_blob\"))) const char kernel_symbol_names[] =\n"
    for (i = 0; i < n; i++) printf "\"%s\\0\"\n", name[i]
    print "\"\";"
}
