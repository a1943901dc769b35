"""A whole station's machine with its link, store of certificates and disk, in a real loop."""

import asyncio
from types import SimpleNamespace

from firmware.apps.backend_link import link_config
from firmware.io.certificates import CertificateStore
from firmware.io.loop import Runner, loop_ms
from firmware.io.sqlite import Database
from firmware.io.ws import BackendLink
from firmware.model import backend as b
from firmware.model.security import CERTIFICATE_WISHES
from firmware.model.session import MeterSilent, ReadMeter
from firmware.model.settings import SettingsChanged
from firmware.model.storage import Memory, Store, Stored
from firmware.ocpp import StationInfo
from firmware.station.core import Options, StationCore
from firmware.storage import rows, security
from firmware.storage.schema import MIGRATIONS


def secure_station(folder, settings):
    """Return a station: `runner`, `core`, `database`, `link`, `until`, `leave`."""
    loop = asyncio.get_running_loop()
    me = SimpleNamespace(news=asyncio.Event(), database=Database(None, MIGRATIONS))
    me.store = CertificateStore(folder)
    me.core = StationCore(settings, Memory(1), Options(StationInfo("V", "M", "S1", "1", 1)))

    def perform(wish):
        match wish:
            case Store(ticket, writes):
                me.database.apply([line for write in writes for line in rows.statements(write)])
                me.runner.post(Stored(ticket))
            case b.SendFrame(text):
                me.link.send(text)
            case b.DropConnection(reason):
                me.link.drop(reason)
            case SettingsChanged(known):
                me.link.configure(link_config(known, me.store.shown(), simulated=True))
            case ReadMeter(outlet):
                me.runner.post(MeterSilent(outlet, loop_ms(loop)))
            case _ if isinstance(wish, CERTIFICATE_WISHES):
                for fact in me.store.perform(wish):
                    me.runner.post(fact)
                me.link.configure(link_config(me.settings(), me.store.shown(), simulated=True))

    def post(fact):
        me.runner.post(fact)
        me.news.set()

    async def until(true):
        while not true():
            me.news.clear()
            await me.news.wait()

    async def leave():
        me.link.close()
        await task
        me.runner.stop()

    me.until, me.leave = until, leave
    me.settings = lambda: me.core.configuration.settings
    me.log = lambda: list(security.lines(me.database.query))
    me.runner = Runner(me.core, perform, loop)
    config = link_config(settings, me.store.shown(), simulated=True)
    now_ms = me.runner.now_ms
    me.link = BackendLink(config, post, jitter=lambda: -0.9, now_ms=now_ms)  # back in 0.1 s
    post(me.store.listed())
    task = asyncio.ensure_future(me.link.run())
    return me
