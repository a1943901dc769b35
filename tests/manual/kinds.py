"""What the catalogue's words about allowed values say, held against a declared kind."""

import re

from firmware.config.param import BadValue


def takes(param, text):
    try:
        param.parse(text)
    except BadValue:
        return False
    return True


def agrees(param, row):
    """Return what a kind takes or refuses against the catalogue; nothing if it agrees."""
    kind, allowed = row["type"], row["allowed"]
    if kind in ("bool", "enum", "enum int"):
        return _words(param, allowed)
    if kind in ("int", "int x3"):
        return _bounds(param, allowed, triple=kind == "int x3")
    fine, bad = SAMPLES.get(kind, ((), ()))
    fine, bad = OWN.get(param.key, (fine, bad))
    wrong = [text for text in fine if not takes(param, text)]
    wrong += [text for text in bad if takes(param, text)]
    return f"{wrong} against {allowed}" if wrong else ""


def _words(param, allowed):
    text = re.sub(r"\(\+ (our )?([^)]*)\)", r"|\2", allowed)
    text = re.sub(r" \((from|ours|30|extensible)[^)]*\)", "", text)
    words = [w.strip(" ()") for w in text.split("|") if not w.startswith(("...", "Modbus RTU", "("))
             or w == "(scheduled)"]  # fmt: skip
    wrong = [w for w in words if not takes(param, w.lower() if w in ("S0", "eHZ") else w)]
    if takes(param, "surely not this"):
        wrong.append("surely not this")
    return f"{wrong} of {allowed}" if wrong else ""


def _bounds(param, allowed, *, triple):
    found = re.search(r"(\d+)\.\.(\d+)?", allowed)
    low, high = int(found[1]), int(found[2] or 9_999)

    def text(number):
        return f"{number}/{number}/{number}" if triple else str(number)

    wrong = [n for n in (low, high) if not takes(param, text(n))]
    wrong += [n for n in (low - 1, high + 1) if takes(param, text(n))
              and not (n == 0 and allowed.startswith("0 or"))]  # fmt: skip
    if allowed.startswith("0 or") and not takes(param, "0"):
        wrong.append(0)
    if allowed.startswith("empty or") and not takes(param, ""):
        wrong.append("")
    return f"{wrong} of {allowed}" if wrong else ""


SAMPLES = {
    "ipv4": (("", "192.168.1.20"), ("192.168.1", "1.2.3.256", "host", "::1")),
    "ipv4mask": (("", "255.255.255.0", "255.255.0.0"), ("255.0.255.0", "24", "0.0.0.0")),
    "ipv4 list": (("", "1.1.1.1", "1.1.1.1,8.8.8.8,9.9.9.9"), ("1,2", "1.1.1.1," * 3 + "8.8.8.8")),
    "ipv4/cidr list": (("", "10.0.0.0/8", "1.2.3.4,10.1.0.0/16"), ("10.0.0.1/8", "x")),
    "host": (("", "mail.example.org", "10.0.0.1"), ("mail example", "-x.org", "a;b", "a/b")),
    "host[:port]": (("", "cp.example.org", "1.2.3.4:8090"), ("a:0", "a:65536", "a b")),
    "host:port": (("", "master.lan:1883"), ("master.lan", "a:70000", "a:b")),
    "e-mail": (("", "a@example.org"), ("a", "a@b@c", "a@b\nBcc: c@d.e", "a b@c.de")),
    "idTag": (("freecharging", "x" * 20), ("", "x" * 21, "a b", "a:b")),
    "list of id": (("", "0a0e9b83", "aa:bb"), ("x" * 21, "a b")),
    "list": (("", "mon-fri 22:00 16/16/16;sat,sun 08:30 0/0/0"), ("mon 24:00 1/1/1", "x",
                                                                  "fri-mon 01:00 1/1/1")),
}  # fmt: skip
OWN = {
    "gsm_apn": (("", "m2m.services", "x" * 100), ("x" * 101, "a b", "a;b", "a\nb")),
    "gsm_apn_username": (("", "x" * 64), ("x" * 65, "a\nb", "a\x00")),
    "gsm_apn_password": (("", "x" * 64), ("x" * 65, "a\nb")),
    "gsm_sim_pin": (("", "1234", "12345678"), ("123", "123456789", "12a4")),
    "gsm_requested_operator": (("", "20404", "KPN NL"), ("a;b", "x" * 31)),
    "lan_dhcp_hostname": (("", "wallbox-1", "x" * 63), ("x" * 64, "-a", "a-", "a.b", "a b")),
    "wlan_ssid": (("Home & Car", "x" * 32), ("x" * 33, "a\x00")),
    "wlan_password": (("", "x" * 8, "x" * 63), ("x" * 7, "x" * 64)),
    "ocpp_chargebox_identity": (("CP1", "A-z_.:*", "x" * 48), ("", "x" * 49, "a/b", "a b", "ü")),
    "ocpp_ws_url": (("ws://a", "wss://a:8080/x"), ("http://a", "ws://", "ws://u:p@a", "ws://a b")),
    "ocpp_ws_proxy": (("", "http://proxy:3128"), ("https://p:1", "proxy:3128", "http://p")),
    "ocpp_soap_url": (("http://a/b", "https://a"), ("ws://a", "ftp://a")),
    "ocpp_basic_auth_password": (("", "x" * 16, "x" * 40), ("x" * 15, "x" * 41)),
    "ocpp_wan_router_password": (("", "secret"), ("x" * 65, "a\nb")),
    "email_smtp_username": (("", "name@example.org"), ("x" * 101, "a\nb")),
    "email_smtp_password": (("", "secret"), ("x" * 101, "a\nb")),
    "email_location": (("", "Käthe's Garage"), ("x" * 101, "a\nb")),
    "operator_password": (("", "x" * 8, "x" * 64), ("x" * 7, "x" * 65)),
    "installer_password": (("", "x" * 8, "x" * 64), ("x" * 7, "x" * 65)),
    "user_password": (("", "x" * 8, "x" * 64), ("x" * 7, "x" * 65)),
    "manufacturer_password": (("", "x" * 8, "x" * 64), ("x" * 7, "x" * 65)),
}
