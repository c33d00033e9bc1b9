# A program above its memory. dd takes one buffer of the block size.
. suite/lib.sh
limit='.linux.resources.memory = { limit: 50331648, swap: 50331648 }'
bundle big "$limit" 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'
is 'a program above memory.max is killed: 128 + 9' "$(run big | tail -n 1)" 'status 137'
bundle small "$limit" 'exec dd if=/dev/zero of=/dev/null bs=10M count=1'
is 'a program below it is not' "$(run small | tail -n 1)" 'status 0'
bundle child "$limit" '
    dd if=/dev/zero of=/dev/null bs=100M count=1
    echo "dd: $? "
    grep -w oom_kill /sys/fs/cgroup/memory.events'
like 'a child above it dies alone, and is counted' "$(run child | tr '\n' ' ')" '*dd: 137 * oom_kill 1 status 0 '
