# An ordinary user: first with a cgroup of their own, which their systemd has delegated; then without.
useradd --create-home --shell /bin/sh user
loginctl enable-linger user
systemctl start user@1000.service
systemd-run --user --machine=user@.host --quiet --pipe --wait --property=Delegate=yes --working-directory="$PWD" \
    --setenv=NAGAYA_RUNTIME="$NAGAYA_RUNTIME" sh suite/as-user.sh
runuser -u user -- sh suite/as-user-alone.sh
runuser -u user -- env XDG_RUNTIME_DIR=/run/user/1000 sh suite/systemd-user.sh
