# From run to nothing left.
. suite/lib.sh
nonce=$(cat /proc/sys/kernel/random/uuid)
bundle hello . "echo hello $nonce from process \$\$ in \$(hostname)"
is 'run prints what the program prints' "$(run hello)" "hello $nonce from process 1 in box
status 0"
bundle seven . 'exit 7'
is 'run exits as the program does' "$(run seven)" 'status 7'

before=$(find /sys/fs/cgroup -type d | sort)
bundle web '.linux.cgroupsPath = "/nagaya-test/web"' 'echo started; exec sleep 600'
is 'create says nothing' "$(create web)" ''
is 'the container is created' "$(status web)" created
is 'its process is in its cgroup' "$(cat /sys/fs/cgroup/nagaya-test/web/cgroup.procs)" "$(runtime state web | jq .pid)"
is 'the program does not run yet' "$(cat "$top/web/output")" ''
runtime start web
soon grep -q started "$top/web/output"
is 'the program runs after start' "$(cat "$top/web/output")" started
is 'the container is running' "$(status web)" running
runtime kill web KILL
stopped() { [ "$(status web)" = stopped ]; }
soon stopped
is 'the container is stopped after kill' "$(status web)" stopped
runtime delete web
is 'its cgroup is gone after delete' "$(at /sys/fs/cgroup/nagaya-test/web)" gone
runtime state web >"$top/state.out" 2>&1
is 'its state is gone after delete' $? 1

bundle forced '.linux.cgroupsPath = "/nagaya-test/forced"' 'sleep 600 & exec sleep 600'
create forced
runtime start forced
remove forced
is 'delete --force of two processes leaves no cgroup' "$(at /sys/fs/cgroup/nagaya-test/forced)" gone
rmdir /sys/fs/cgroup/nagaya-test # the folder in between is nobody's container
is 'no other cgroup is left' "$(find /sys/fs/cgroup -type d | sort)" "$before"
