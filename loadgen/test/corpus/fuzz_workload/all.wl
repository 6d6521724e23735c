[var n]
sequence = 1..9
step = 2
[var c]
choice = 1 | "a"
[var p]
payload = 3..5
[op a]
method = m
params = [${n},${c},"${p}",${items}]
item = {"x":${n}}
items = 1..3
think = 1ms..2ms
expect_error = -3
[phase w]
duration = 1s
record = off
[phase m]
duration = 1s
rate = 5k
