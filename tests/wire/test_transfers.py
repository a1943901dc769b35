"""Files up and down against real servers that are silent, lie, break off, or refuse."""

import io
import zipfile
from dataclasses import replace

import pytest

from firmware.io.file_line import Line, TransferFailed, address_of
from firmware.io.tls import TlsConfig
from firmware.model import transfers as t
from tests.wire import certificates as c
from tests.wire.file_servers import ftp_server, web_server
from tests.wire.transfer_desk import BOUNDS, DIGEST, FIRMWARE, HERE, NAME, TEXTS, Desk

SPAN = t.Span()


@pytest.fixture
def desk(tmp_path):
    """Return a starter of workers."""
    started = []

    def start(line=HERE, **bounds):
        started.append(Desk(tmp_path, replace(BOUNDS, **bounds), line))
        return started[-1]

    yield start
    for one in started:
        one.worker.finish()


@pytest.fixture
def web():
    with web_server() as (server, port):
        server.url = f"http://localhost:{port}"
        yield server


@pytest.fixture
def ftp():
    with ftp_server() as (server, port):
        server.url = f"ftp://cp:secret@localhost:{port}"
        yield server


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


# -- up -----------------------------------------------------------------------------------------


@pytest.mark.covers("OCPP16-PITFALL-60", "TC_079_CS")
def test_a_log_is_put_into_a_folder_of_a_web_server(desk, web):
    assert desk().upload(f"{web.url}/logs/?box=1") == t.Uploaded(1)
    assert web.requested() == [("PUT", f"/logs/{NAME}?box=1")]
    assert unpacked(web.bodies[0]) == TEXTS


def test_diagnostics_hold_the_journal_or_say_why_not(desk, web):
    assert desk().upload(f"{web.url}/one.zip", t.Content.DIAGNOSTICS) == t.Uploaded(1)
    assert web.requested() == [("PUT", "/one.zip")]
    assert unpacked(web.bodies[0])["journal.log"]


@pytest.mark.parametrize("code", [405, 501])
def test_a_server_without_put_gets_a_form(desk, web, code):
    web.answers = [(code, {})]
    assert desk().upload(f"{web.url}/logs") == t.Uploaded(1)
    assert web.requested() == [("PUT", "/logs"), ("POST", "/logs")]
    assert f'filename="{NAME}"'.encode() in web.bodies[0]


@pytest.mark.parametrize(
    ("code", "trouble"),
    [(401, t.Trouble.DENIED), (403, t.Trouble.DENIED), (500, t.Trouble.OTHER),
     (404, t.Trouble.OTHER), (507, t.Trouble.OTHER)],
)  # fmt: skip
def test_a_refused_upload_tells_the_code(desk, web, code, trouble):
    web.answers = [(code, {})]
    assert desk().upload(f"{web.url}/a") == t.UploadFailed(
        1, f"the server answered {code}", trouble
    )


def test_name_and_password_of_a_location_are_used_and_not_told(desk, web):
    web.answers = [(401, {})]
    failure = desk().upload(web.url.replace("//", "//cp:hush@") + "/a")
    assert web.requests[0][2]["Authorization"] == "Basic Y3A6aHVzaA=="
    assert "hush" not in repr(failure)
    wish = t.UploadWanted(1, "http://cp:hush@x/", NAME, t.Content.SECURITY, SPAN)
    assert "hush" not in repr(wish) + repr(address_of(wish.url))


def test_an_upload_follows_its_own_host_only(desk, web):
    web.answers = [(307, {"Location": "/other"})]
    assert desk().upload(f"{web.url}/a") == t.Uploaded(1)
    assert web.requested()[-1] == ("PUT", "/other")
    web.answers = [(307, {"Location": "http://127.0.0.1:1/other"})]
    failure = desk().upload(f"{web.url}/a")
    assert failure.problem == "the server redirects the upload to another host"


def test_a_log_is_stored_by_ftp_in_a_folder_or_under_a_name(desk, ftp):
    one = desk()
    assert one.upload(f"{ftp.url}/up") == t.Uploaded(1)
    assert one.upload(f"{ftp.url}/up/") == t.Uploaded(2)
    assert one.upload(f"{ftp.url}/name.zip") == t.Uploaded(3)
    assert sorted(ftp.files) == ["name.zip", f"up/{NAME}"]
    assert unpacked(ftp.files["name.zip"]) == TEXTS


def test_a_login_that_ftp_refuses_is_told_without_the_servers_words(desk, ftp):
    ftp.password = "another"
    failure = desk().upload(f"{ftp.url}/up")
    assert failure == t.UploadFailed(1, "the FTP server answered 530", t.Trouble.DENIED)


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("file:///etc/passwd", t.Trouble.NOT_SUPPORTED), ("sftp://x/a", t.Trouble.NOT_SUPPORTED),
        ("http:///a", t.Trouble.BAD_ADDRESS), ("http://x:99999/", t.Trouble.BAD_ADDRESS),
        ("ftp://x/a%0d%0aDELE b", t.Trouble.BAD_ADDRESS), ("", t.Trouble.NOT_SUPPORTED),
        ("http://[::1/", t.Trouble.BAD_ADDRESS),
    ],
)  # fmt: skip
def test_a_location_that_is_none_is_not_tried(desk, url, trouble):
    failure = desk().upload(url)
    assert (type(failure), failure.trouble) == (t.UploadFailed, trouble)


@pytest.mark.parametrize(
    "host", ["localhost", "127.9.9.9", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_the_station_itself_is_no_file_server(desk, host):
    failure = desk(Line()).upload(f"http://{host}/a")
    assert failure.trouble is t.Trouble.BAD_ADDRESS


@pytest.mark.parametrize("scheme", ["web", "ftp"])
def test_a_silent_server_is_given_up(desk, request, scheme):
    server = request.getfixturevalue(scheme)
    server.silent.clear()
    failure = desk(silence_s=0.2).upload(f"{server.url}/up")
    assert failure.problem == "the server has fallen silent"


@pytest.mark.parametrize("scheme", ["web", "ftp"])
def test_the_deadline_of_the_whole_ends_a_transfer(desk, request, scheme):
    server = request.getfixturevalue(scheme)
    server.silent.clear()
    failure = desk(upload_s=0.3).upload(f"{server.url}/up")
    assert failure.problem == "it took longer than 0.3 s"


def test_nobody_listens(desk):
    failure = desk().upload("http://localhost:1/a")
    assert failure.problem == "localhost:1 cannot be reached: Connection refused"


# -- down ---------------------------------------------------------------------------------------


def test_a_firmware_is_fetched_by_http(desk, web):
    web.files["/fw.bin"] = FIRMWARE
    one = desk()
    assert one.download(f"{web.url}/fw.bin") == t.Downloaded(1, len(FIRMWARE), DIGEST)
    assert one.left() == ["firmware.bin"]


def test_half_a_file_is_none_and_the_next_try_fetches_the_rest(desk, web):
    web.files["/fw.bin"], web.headers = FIRMWARE, {"ETag": '"one"'}
    web.sent = 300_000
    one = desk()
    failure = one.download(f"{web.url}/fw.bin")
    assert failure == t.DownloadFailed(1, "the file ended after 300000 of 512000 bytes")
    assert one.download(f"{web.url}/fw.bin") == t.Downloaded(2, len(FIRMWARE), DIGEST)
    assert web.requests[1][2]["Range"] == "bytes=300000-"


def test_the_rest_of_another_file_is_not_put_behind_the_first_half(desk, web):
    web.files["/fw.bin"], web.headers, web.sent = b"x" * 500_000, {"ETag": '"one"'}, 1_000
    one = desk()
    one.download(f"{web.url}/fw.bin")
    web.files["/fw.bin"], web.headers = FIRMWARE, {"ETag": '"two"'}
    assert one.download(f"{web.url}/fw.bin") == t.Downloaded(2, len(FIRMWARE), DIGEST)


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("scheme", ["web", "ftp"])
def test_a_file_that_is_too_large_is_not_kept_to_its_end(desk, request, scheme, sized):
    server = request.getfixturevalue(scheme)
    path = "/fw.bin" if scheme == "web" else "fw.bin"
    server.files[path] = FIRMWARE
    server.sized = sized
    if not sized and scheme == "web":
        server.headers = {"Content-Length": "100000"}  # wrong: less than comes
    one = desk(firmware_bytes=100_000 - 1)
    failure = one.download(f"{server.url}/fw.bin")
    assert isinstance(failure, t.DownloadFailed)
    assert "firmware.bin" not in one.left()


def test_an_empty_file_is_no_firmware(desk, web):
    web.files["/fw.bin"] = b""
    assert desk().download(f"{web.url}/fw.bin") == t.DownloadFailed(1, "the file is empty")


def test_what_is_not_there_is_told(desk, web, ftp):
    one = desk()
    assert one.download(f"{web.url}/a") == t.DownloadFailed(1, "the server answered 404")
    assert one.download(f"{ftp.url}/a") == t.DownloadFailed(2, "the FTP server answered 550")


def test_a_download_may_be_led_elsewhere_but_takes_no_password_there(desk, web):
    with web_server() as (other, port):
        other.files["/fw.bin"] = FIRMWARE
        web.answers = [(302, {"Location": f"http://127.0.0.1:{port}/fw.bin"})]
        url = web.url.replace("//", "//cp:hush@")
        assert desk().download(f"{url}/fw.bin") == t.Downloaded(1, len(FIRMWARE), DIGEST)
        assert "Authorization" not in other.requests[0][2]


def test_redirects_in_a_circle_end(desk, web):
    web.answers = [(302, {"Location": "/again"})] * 9
    failure = desk().download(f"{web.url}/fw.bin")
    assert failure.problem == "the server redirects too often"


def test_a_firmware_is_fetched_by_ftp_with_or_without_its_size(desk, ftp):
    ftp.files["fw.bin"] = FIRMWARE
    one = desk()
    assert one.download(f"{ftp.url}/fw.bin") == t.Downloaded(1, len(FIRMWARE), DIGEST)
    ftp.sized = False
    assert one.download(f"{ftp.url}/fw.bin") == t.Downloaded(2, len(FIRMWARE), DIGEST)


def test_half_a_file_by_ftp_is_none(desk, ftp):
    ftp.files["fw.bin"], ftp.sent = FIRMWARE, 1_000
    failure = desk().download(f"{ftp.url}/fw.bin")
    assert failure == t.DownloadFailed(1, "the file ended after 1000 of 512000 bytes")


def test_a_cancelled_download_tells_nothing_and_the_next_begins_at_once(desk, web):
    web.files["/fw.bin"] = FIRMWARE
    web.silent.clear()
    one = desk()
    one.ask(t.DownloadWanted(1, f"{web.url}/fw.bin"))
    one.ask(t.DownloadWanted(2, f"{web.url}/fw.bin"))
    one.ask(t.CancelTransfer(1))
    web.silent.set()
    assert one.fact() == t.Downloaded(2, len(FIRMWARE), DIGEST)


# -- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def root():
    return c.Authority("Operator")


@pytest.fixture(scope="module")
def context(root, tmp_path_factory):
    shown = c.shown(tmp_path_factory.mktemp("tls"), root, names=("localhost",))
    return shown.context()


def secure(root, strictness="normal_ssl_auth"):
    return Line(TlsConfig(strictness, (root.pem,), system_roots=False), loopback=True)


def test_https_and_ftps_are_checked_as_the_back_end_is(desk, root, context):
    with web_server(context) as (web, port), ftp_server(context) as (ftp, ftp_port):
        web.files["/fw"] = ftp.files["fw"] = FIRMWARE
        urls = [f"https://localhost:{port}/fw", f"ftps://cp:secret@localhost:{ftp_port}/fw"]
        one, stranger = desk(secure(root)), desk(secure(c.Authority("Nobody")))
        for number, url in enumerate(urls, start=1):
            assert one.download(url) == t.Downloaded(number, len(FIRMWARE), DIGEST)
            assert stranger.download(url).problem.startswith("TLS: ")
        assert "PROT P" in ftp.commands
        assert one.upload(f"ftps://cp:secret@localhost:{ftp_port}/up") == t.Uploaded(3)
        assert unpacked(ftp.files[f"up/{NAME}"]) == TEXTS


def test_a_certificate_that_is_not_valid_yet_is_refused_where_expired_ones_pass(
    desk, root, tmp_path
):
    context = c.shown(tmp_path, root, names=("localhost",), span=c.FUTURE).context()
    with web_server(context) as (web, port):
        web.files["/fw"] = FIRMWARE
        failure = desk(secure(root, "allow_expired")).download(f"https://localhost:{port}/fw")
    assert failure.problem == "TLS: certificate is not yet valid"


def test_nothing_is_led_out_of_tls(desk, root, context):
    with web_server(context) as (web, port):
        web.answers = [(302, {"Location": "http://localhost:1/fw"})]
        failure = desk(secure(root)).download(f"https://localhost:{port}/fw")
    assert failure.problem == "the server redirects to a line without TLS"


def test_an_address_tells_no_secret_when_it_is_refused():
    with pytest.raises(TransferFailed) as failure:
        address_of("http://cp:hush@host:x/")
    assert "hush" not in str(failure.value)
