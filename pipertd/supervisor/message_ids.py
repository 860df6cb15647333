"""The ids of notices in the journal, by kind: ``journalctl MESSAGE_ID=…`` finds them, and ``-x`` explains them.

They stay the same for ever, on every machine. What they mean is said in ``packaging/pipertd.catalog``.
"""

from __future__ import annotations

from pipertd.supervisor.view import NoticeKind

MESSAGE_IDS = {
    NoticeKind.DAEMON_STARTED: "66c08fb6c42e437994c6382ee8716279",
    NoticeKind.DAEMON_STOPPING: "dc577adbe00042f68dfadcec0ee6ce69",
    NoticeKind.PIPELINE_LOADED: "8b4c7aefcbf344c5a32c771dec73ab15",
    NoticeKind.PIPELINE_REMOVED: "958bb0c8169047dfadc76e1204f962b9",
    NoticeKind.DEFINITIONS_RELOADED: "08f699f5726d4b93b7368f8f8faabdaf",
    NoticeKind.RELOAD_FAILED: "570d4e4ed4a94d74baad079576ccd77f",
    NoticeKind.LINK_DRAWN: "9e58a8e8648649328ca22be262c18b18",
    NoticeKind.LINK_REMOVED: "3739d274ff454afa89d07ccad547aecb",
    NoticeKind.MESSAGES_UNLINKED: "b70a3ce684f5458c877ba7c14d403f1f",
    NoticeKind.DEFINITION_INVALID: "c0c4aeaa221649868b485018c8f097fb",
    NoticeKind.PIPELINE_ADOPTED: "33cbe8303b324f7ba8ee50b2e84991e0",
    NoticeKind.PIPELINE_LOST: "130e11bbe0f640be97eeea57d2bc5278",
    NoticeKind.SOCKET_LOST: "9443c8830d8641d48977afb5bf339f8d",
    NoticeKind.STATE_UNREADABLE: "d26fce41027043f5bae144f429ec8aa6",
    NoticeKind.PIPELINE_UNRECORDED: "3fc3834e57d14249a0e9b36c9e33c949",
    NoticeKind.PIPELINE_RECORDED: "42af3e8e2fdf4568a941038cc2d0f77b",
    NoticeKind.PIPELINE_UNKEPT: "86d3f1fe8d5947f6ae401b18aa544870",
    NoticeKind.PIPELINE_ENDED: "a1cd91a0a124482386f2a5697ec5e0d2",
    NoticeKind.FLOW_STATE_CHANGED: "674b600841344d46b29d4f13bd5f3e9f",
    NoticeKind.FLOW_ADOPTED: "16c295c5bbeb4887819f7d976fd35322",
    NoticeKind.FLOW_STARTED: "1493721dfff5443798596acacf43de57",
    NoticeKind.FLOW_EXITED: "d806cd122efd457f85e835ab064223ca",
    NoticeKind.FLOW_RESTARTING: "7bdee5002cf3431583ffb077a5bee62a",
    NoticeKind.FLOW_FAILED: "d4ecab9f56bb4d05838ad4dfefada0af",
    NoticeKind.FLOW_PAUSED: "90ef4628254d47f1a8870ddef85ca3c2",
    NoticeKind.FLOW_RESUMED: "4ba85ee2a9274d48a9071f92757325fb",
    NoticeKind.WATCHDOG_EXPIRED: "1e7d28c34982405bb1b80f774cfb0ba6",
    NoticeKind.LIMITS_UNMET: "dae8652f8fde4356959c6ce8bd2816ee",
    NoticeKind.CONTACT_LOST: "35adb1a1a90c4e32ba065526b95f40a4",
    NoticeKind.SLOTS_HOARDED: "bae9905d0cb64a15864f9aa4c6dc4e46",
    NoticeKind.PROCESSES_LEFT: "5ad5d96de58747eb80f8edebf74f8232",
    NoticeKind.SETTLING_FAILED: "ed1fa11d32db450f897563146be08aa5",
    NoticeKind.STANDBY_FAILED: "84eebbdcaa4f4178b55e12de677b22fd",
    NoticeKind.MESSAGE_QUARANTINED: "99a8d4f02dfa42da95a790e5c8441288",
    NoticeKind.EVENT_RAISED: "a4987d7f1a1a4a6cb09046059482f95a",
}
