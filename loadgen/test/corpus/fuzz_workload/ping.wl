# The smallest request there is: what the way there and back costs, and nothing else.
[workload]
description = ping only: the cost of the way there and back

[op ping]
kind = read
method = ping
expect = "pong":true
