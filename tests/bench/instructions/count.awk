# From callgrind's files of a shorter and a longer run of a path: what an operation costs.
#
#   awk -v n=OPERATIONS -v what=locked|table -f count.awk LOCKED REASONS SHORTER LONGER
#
# LOCKED has the addresses of the daemon's locked instructions, REASONS why a function is there.
# `locked` prints how many locked instructions an operation executes, `table` the functions with
# their own instructions, those of inlined ones in the one that they are inlined into.
#
# Callgrind's format: functions and objects by number, each named once; a line of cost is "address
# line count", where the first two may be the distance to the line before or * for the same; the one
# behind `calls=` is the cost of what was called.

function hex(text,   i, value) {
  value = 0
  for (i = 1; i <= length(text); i++)
    value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
  return value
}
# "(12) name" or "(12)" behind the = of the line; the name is kept.
function number(names,   text, id) {
  text = substr($0, index($0, "=") + 1)
  id = substr(text, 1, index(text, ")"))
  if (length(text) > length(id)) names[id] = substr(text, length(id) + 2)
  return id
}
function short(name) {
  gsub(/\(anonymous namespace\)::|ekiden::|\047[0-9]+$/, "", name)
  sub(/\(.*/, "", name)
  return name
}

FNR == 1 {
  file++
  sign = file == 3 ? -1 : 1
  split("", functions)
  split("", objects)
}
file == 1 {
  is_locked[hex($1)]
  next
}
file == 2 {
  at = index($0, "  ")
  if (at > 1 && !/^#/) why[substr($0, 1, at - 1)] = substr($0, at + 2)
  next
}
/^fn=/ { current = number(functions) }
/^cfn=/ { number(functions) }
/^ob=/ { in_daemon = objects[number(objects)] ~ /\/ekidend$/ }
/^cob=/ { number(objects) }
/^calls=/ { after_call = 1 }
/^[-+*0-9]/ {
  if (/^0x/) address = hex(substr($1, 3))
  else if ($1 != "*") address += $1
  if (after_call) {
    after_call = 0
    next
  }
  if (NF != 3) next
  cost[functions[current]] += sign * $3 / n
  if (!in_daemon || !(address in is_locked)) next
  locked[functions[current]] += sign * $3 / n
  all_locked += sign * $3 / n
}

function print_table(   name, sum, sum_locked, total, rest, rest_locked, sorted) {
  for (name in cost) {
    sum[short(name)] += cost[name]
    sum_locked[short(name)] += locked[name]
    total += cost[name]
  }
  sorted = "sort -t '|' -k 2 -rn"
  for (name in sum) {
    if (sum[name] < total / 200) {
      rest += sum[name]
      rest_locked += sum_locked[name]
      continue
    }
    printf "| %.1f | %.1f | `%s` | %s |\n", sum[name], sum_locked[name], name, why[name] | sorted
  }
  close(sorted)
  printf "| %.1f | %.1f | those under half a percent | |\n", rest, rest_locked
}

END {
  if (what == "locked") printf "%.1f", all_locked
  else print_table()
}
