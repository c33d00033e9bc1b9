# A program is confined by the profile that was asked for, and so is whoever enters later.
. suite/lib.sh
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
is 'this kernel has AppArmor' "$(cat /sys/module/apparmor/parameters/enabled)" Y
cat >"$top/profile" <<'PROFILE'
profile nagaya-test flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  network,
  signal,
  unix,
  deny /secret r,
}
PROFILE
apparmor_parser --replace --skip-cache "$top/profile"
see='cat /proc/self/attr/current; cat /secret 2>&1'
bundle confined '.process.apparmorProfile = "nagaya-test"' "$see"
echo open >rootfs/secret
like 'the program is confined' "$(run confined)" 'nagaya-test (enforce)*Permission denied*'
bundle free . "$see"
like 'without a profile it is not, and reads the file' "$(run free)" '*unconfined*open*'
bundle entered '.process.apparmorProfile = "nagaya-test"' 'exec sleep 600'
create entered
runtime start entered
like 'whoever enters is confined as well' "$(runtime exec entered cat /proc/self/attr/current)" 'nagaya-test (enforce)*'
remove entered
bundle unknown '.process.apparmorProfile = "nope"' 'echo ran'
like 'a profile that is not loaded is refused by name' "$(run unknown)" '*process.apparmorProfile*nope*'
