# What the emulated machine is asked once its station runs: tools/image/try_image.py reads it.
# A getty hangs up whoever holds the serial port: the answers go there in one piece, at the end.
exec >/run/answers 2>&1
# asking costs an emulated machine half a minute: first its socket has to be there
tries=0
until [ -S /var/lib/powerstation/station.sock ] || [ $tries -gt 300 ]; do
  tries=$((tries + 1))
  sleep 3
done
tries=0
until powerstation status >/run/status 2>&1 && grep -q Available /run/status; do
  tries=$((tries + 1))
  echo "asked $tries times: $(tail -n 1 /run/status)"
  [ $tries -gt 3 ] && break
  sleep 5
done
echo STATION-BEGINS
cat /run/status
systemctl --failed --no-legend --plain
for question in \
  hostname "cat /usr/lib/powerstation/image.json" "uname -r" \
  "systemctl is-active powerstation-firstboot powerstation-world powerstation-pilotd powerstation-stationd powerstation-webd ssh" \
  "findmnt -rno TARGET,SOURCE,FSTYPE,OPTIONS -t ext4,vfat" "df -h /data" "touch /usr/x" \
  "ls -l /etc/powerstation /dev/gpiochip0 /dev/spidev0.0 /dev/watchdog" \
  "ls -lL /sys/class/pwm/pwmchip0/export" "cat /run/powerstation-data" "free -m"; do
  echo "[$question]"
  $question 2>&1
done
echo "[the pilot's sandbox on the real pinctrl and pwm drivers]"
sandboxed() {
  systemd-run -q --wait --pipe -p User=powerstation -p SupplementaryGroups=gpio \
  -p ProtectSystem=strict -p ProtectKernelTunables=yes -p DevicePolicy=closed \
  -p 'DeviceAllow=char-gpiochip rw' -p MemoryDenyWriteExecute=yes -p NoNewPrivileges=yes \
  -p ReadWritePaths=-/sys/class/pwm/pwmchip0 -p SystemCallFilter=@system-service \
  -p RuntimeDirectory=proof -p Environment=LG_WD=/run/proof -p WorkingDirectory=/run/proof \
  /opt/powerstation/bin/python3 -c '
import nfc, usb1, pydantic
from hal.drivers.gpio_lines import Lines, lgpio_factory
from hal.drivers.sysfs_pwm import SysfsPwm
pwm = SysfsPwm("pwmchip0/0")
pwm.drive(266)
lines = Lines(lgpio_factory(0), own=True)
on = lines.output(17)
on(True)
print("PWM reads back", pwm.duty_permille(), "permille, GPIO17 is driven")
on(False)
lines.close()
try:
    open("/sys/class/pwm/pwmchip0/../../../uevent", "w")
except OSError as problem:
    print("elsewhere in /sys:", problem)
' 2>&1
}
# udev may need longer here than pilotd waits: it would be started again, as this is
sandboxed || sandboxed || sandboxed
echo STATION-ENDS
sync
cat /run/answers >/dev/console
