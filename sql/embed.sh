#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes C from the SQL files: embed.sh queries|scripts FILE... > out.c
# queries: each FILE is one named query, its first line `-- rows: none|one|maybe|many`.
# scripts: struct db_script_file rows of name and text, in the order given.
# text: embed.sh text NAME FILE, one string.
set -eu
kind=$1; shift
quote() { sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$1"; }
case $kind in
header)
    echo '// Made by sql/embed.sh'; echo '#pragma once'; echo '#include "core/db/db.h"'
    for f; do echo "extern const struct db_query query_$(basename "$f" .sql);"; done ;;
queries)
    echo '// Made by sql/embed.sh'; echo '#include "gen/queries.h"'
    n=0
    for f; do
        name=$(basename "$f" .sql)
        rows=$(sed -n '1s/^-- rows: \(none\|one\|maybe\|many\)$/\1/p' "$f" | tr a-z A-Z)
        [ -n "$rows" ] || { echo "$f:1: expected '-- rows: none|one|maybe|many'" >&2; exit 1; }
        echo "const struct db_query query_$name = {\"$name\","; quote "$f"; echo "    , DB_$rows, $n};"
        n=$((n + 1))
    done
    echo "const int db_query_count = $n;" ;;
scripts)
    echo '// Made by sql/embed.sh'; echo '#include "core/db/scripts.h"'
    echo 'const struct db_script_file db_scripts[] = {'
    for f; do echo "    {\"${f#sql/}\","; quote "$f"; echo '    },'; done
    echo '    {0, 0}};' ;;
text)
    echo "const char $1[] ="; quote "$2"; echo '    ;' ;;
esac
