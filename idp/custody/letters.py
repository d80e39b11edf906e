"""The letter to a portal's contacts about a killed key, in both languages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from idp.config import Config
from idp.custody.incidents import cached_until

_SUBJECT = "Định Danh: khóa ký bị lộ · a signing key was compromised"
_TEXT = """\
Kính gửi quý đơn vị,

Khóa ký "{kid}" ({ring}) của {issuer} đã bị hủy lúc {at} vì có thể đã lộ.
Xin làm ngay:
1. Tải lại bộ khóa tại {jwks} và bỏ bản đang lưu.
2. Từ chối mọi token ký bằng khóa này, kể cả token còn hạn.
3. {grants}
4. {sessions}
Hệ thống của chúng tôi đã từ chối các token đó. Cổng còn lưu bộ khóa cũ có thể tin nhầm
token giả cho đến {until}.

---

Dear colleagues,

The signing key "{kid}" ({ring}) of {issuer} was killed at {at} because it may have been
stolen. Please do at once:
1. Fetch the key set anew at {jwks} and drop your copy.
2. Refuse every token signed with this key, unexpired ones too.
3. {grants_en}
4. {sessions_en}
We refuse those tokens already. A portal that keeps the old key set may believe forged
tokens until {until}.
"""
_GRANTS = {
    "rekey": (
        "Refresh token vẫn dùng được; lần làm mới tới sẽ ký bằng khóa mới.",
        "Refresh tokens go on; the next refresh is signed with the new key.",
    ),
    "revoke": (
        "Sự cho phép và refresh token cấp trong thời gian đó đã bị chấm dứt.",
        "Permissions and refresh tokens of that time have ended.",
    ),
}
_SESSIONS = {
    "stay": (
        "Phiên đăng nhập ở chỗ chúng tôi vẫn còn.",
        "Sign-ins at our side go on.",
    ),
    "end": (
        "Mọi phiên đăng nhập ở chỗ chúng tôi đã kết thúc: người dân đăng nhập lại.",
        "Every sign-in at our side has ended: people sign in anew.",
    ),
}


@dataclass(frozen=True, slots=True)
class Addressed:
    """What one portal is to be told of one incident."""

    incident_id: UUID
    client_id: str
    kid: str
    ring: str
    killed_at: datetime
    until: datetime
    grants: str
    sessions: str

    @classmethod
    def of(cls, incident: Any, client_id: str) -> Self:
        """Return the incident's word to a client."""
        return cls(
            incident_id=incident.id,
            client_id=client_id,
            kid=incident.kid,
            ring=incident.ring,
            killed_at=incident.killed_at,
            until=cached_until(incident),
            grants=incident.grants,
            sessions=incident.sessions,
        )


def of(config: Config, told: Addressed) -> tuple[str, str]:
    """Return the subject and the text."""
    grants, grants_en = _GRANTS[told.grants]
    sessions, sessions_en = _SESSIONS[told.sessions]
    text = _TEXT.format(
        kid=told.kid,
        ring=told.ring,
        issuer=config.issuer,
        jwks=f"{config.issuer}/jwks.json",
        at=_moment(told.killed_at),
        until=_moment(told.until),
        grants=grants,
        grants_en=grants_en,
        sessions=sessions,
        sessions_en=sessions_en,
    )
    return _SUBJECT, text


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
