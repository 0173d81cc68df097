# sysusers.d(5) to the table of Buildroot's mkusers:
#   name uid group gid password home shell groups comment
# Ids are Buildroot's to choose where sysusers.d leaves them open.
function word(n) { return (n in field && field[n] != "-") ? field[n] : "" }
function split_line(line,    n) {
    delete field
    n = 0
    while (match(line, /^[ \t]*("[^"]*"|[^ \t]+)/)) {
        field[++n] = substr(line, RSTART, RLENGTH)
        gsub(/^[ \t]*"?|"$/, "", field[n])
        line = substr(line, RSTART + RLENGTH)
    }
}
/^[ \t]*(#|$)/ { next }
{ split_line($0) }
field[1] ~ /^u!?$/ { names[++users] = field[2]; id[field[2]] = word(3); about[field[2]] = word(4) }
field[1] == "g" { printf "- -1 %s %s * - - - group\n", field[2], word(3) == "" ? -1 : word(3) }
field[1] == "m" { member[field[2]] = member[field[2]] (member[field[2]] == "" ? "" : ",") field[3] }
END {
    for (n = 1; n <= users; n++) {
        name = names[n]
        number = id[name] == "" ? -1 : id[name]
        printf "%s %s %s %s * - - %s %s\n", name, number, name, number,
            member[name] == "" ? "-" : member[name], about[name] == "" ? name : about[name]
    }
}
