# Device rules, which are an eBPF program on cgroup v2. The device is our second disk.
. suite/lib.sh
major=$(stat -c %Hr /dev/vda)
minor=$(stat -c %Lr /dev/vda)
mknod rootfs/disk b "$major" "$minor"
disk="\"type\":\"b\",\"major\":$major,\"minor\":$minor"
read='dd if=/disk of=/tmp/copy count=1 2>&1 | tail -n 1'

# Rules after the first, which denies everything.
rules() { # ID RULES SCRIPT
    bundle "$1" ".linux.resources.devices += [$2]" "$3"
    run "$1" | sed -n 1p
}

null='{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}'
is 'an allowed device works' "$(rules null "$null" 'echo hello >/dev/null && echo written')" written
like 'a device without a rule cannot be opened' "$(rules closed "$null" "$read")" '*Operation not permitted'
like 'nor when the container makes its own node of it' "$(
    rules made "$null" "cd /tmp; mknod disk b $major $minor 2>&1 && dd if=disk of=copy count=1 2>&1 | tail -n 1"
)" '*Operation not permitted'
reading="{\"allow\":true,$disk,\"access\":\"r\"}"
is 'a device with a rule for reading can be read' "$(rules open "$reading" "$read")" '1+0 records out'
like 'but not written' "$(rules written "$reading" ': 2>&1 >/disk')" '*Operation not permitted'

all='{"allow":true,"access":"rwm"}'
none="{\"allow\":false,$disk,\"access\":\"rwm\"}"
is 'with a rule that allows everything, it can be read' "$(rules all "$all" "$read")" '1+0 records out'
like 'the last rule wins' "$(rules last "$all, $none" "$read")" '*Operation not permitted'
