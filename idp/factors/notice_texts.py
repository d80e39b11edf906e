"""What warnings say, in both languages: no more than that something changed."""

from typing import Literal

from idp.config import Config

What = Literal[
    "password_changed",
    "password_reset",
    "app_added",
    "codes_made",
    "phone_changed",
    "email_changed",
    "account_locked",
    "account_unlocked",
    "lock_ended",
    "data_exported",
    "closing_asked",
    "account_closed",
    "way_added",
    "way_removed",
    "last_way_removed",
    "passcode_set",
    "activated",
    "activation_again",
    "activation_late",
    "window_opened",
    "unlock_permitted",
    "level_asked",
    "representation_ended",
    "mandate_ended",
    "number_replaced",
    "lock_refused",
    "sign_in_asked",
    "officer_signed_out",
    "officer_ended_grant",
]

WHAT = {
    "vi": {
        "password_changed": "mật khẩu tài khoản của bạn vừa được đổi",
        "password_reset": "mật khẩu tài khoản của bạn vừa được đặt lại",
        "app_added": "một ứng dụng tạo mã vừa được thêm vào tài khoản của bạn",
        "codes_made": "mã khôi phục tài khoản của bạn vừa được tạo mới",
        "phone_changed": "số điện thoại của tài khoản của bạn vừa được đổi",
        "email_changed": "địa chỉ thư điện tử của tài khoản của bạn vừa được đổi",
        "account_locked": "tài khoản của bạn vừa bị khóa; mọi nơi đã được đăng xuất",
        "account_unlocked": "tài khoản của bạn vừa được mở khóa",
        "lock_ended": "một lý do khóa tài khoản của bạn không còn nữa, nhưng tài khoản "
        "vẫn bị khóa vì lý do khác",
        "data_exported": "vừa có một bản sao dữ liệu tài khoản của bạn được tải về",
        "closing_asked": "vừa có yêu cầu đóng tài khoản của bạn; có thể rút lại trên "
        "trang tài khoản",
        "account_closed": "tài khoản của bạn vừa được đóng",
        "way_added": "vừa thêm một cách đăng nhập ({way}) vào tài khoản của bạn",
        "way_removed": "vừa xóa một cách đăng nhập ({way}) khỏi tài khoản của bạn",
        "last_way_removed": "vừa xóa cách đăng nhập mạnh cuối cùng ({way}); tài khoản "
        "của bạn chỉ còn đạt mức 1",
        "passcode_set": "mã bí mật 6 số của tài khoản của bạn vừa được đặt",
        "activated": "tài khoản định danh của bạn vừa được kích hoạt",
        "activation_again": "có người vừa yêu cầu kích hoạt tài khoản của bạn, nhưng "
        "tài khoản đã hoạt động",
        "activation_late": "có người vừa yêu cầu kích hoạt tài khoản của bạn, nhưng đã "
        "quá hạn tự kích hoạt; hãy gọi tổng đài để được mở lại",
        "window_opened": "tổng đài vừa mở lại thời hạn kích hoạt tài khoản của bạn",
        "unlock_permitted": "sau một cuộc gọi, tổng đài vừa cho phép mở khóa tài khoản "
        "của bạn bằng mã gửi đến bạn; không đọc mã cho bất kỳ ai",
        "level_asked": "một cán bộ vừa nộp hồ sơ nâng tài khoản của bạn lên mức 2",
        "representation_ended": "một quan hệ đại diện ghi ở tài khoản của bạn vừa kết "
        "thúc",
        "mandate_ended": "bạn không còn được hành động thay cho một tổ chức, vì cơ "
        "quan đăng ký ghi người đại diện khác",
        "number_replaced": "số định danh cá nhân của bạn vừa được xác lập lại; tài "
        "khoản vẫn như cũ, đăng nhập bằng số mới hay số cũ đều được",
        "lock_refused": "một yêu cầu bằng văn bản về khóa hoặc mở khóa tài khoản của "
        "bạn đã bị từ chối; tài khoản vẫn như cũ",
        "sign_in_asked": "{way} đang chờ bạn xác nhận đăng nhập; hãy tự mở trang tài "
        "khoản của bạn, mục Chờ bạn xác nhận",
        "officer_signed_out": "một cán bộ vừa đăng xuất tài khoản của bạn; lý do ghi "
        "ở trang tài khoản, mục Lịch sử",
        "officer_ended_grant": "một cán bộ vừa kết thúc một quyền bạn đã cấp; lý do "
        "ghi ở trang tài khoản, mục Lịch sử",
    },
    "en": {
        "password_changed": "the password of your account was changed",
        "password_reset": "the password of your account was set anew",
        "app_added": "an authenticator app was added to your account",
        "codes_made": "new recovery codes were made for your account",
        "phone_changed": "the phone number of your account was changed",
        "email_changed": "the e-mail address of your account was changed",
        "account_locked": "your account was locked, and every place is signed out",
        "account_unlocked": "your account was unlocked",
        "lock_ended": "one lock of your account has ended, and the account stays "
        "locked for another reason",
        "data_exported": "a copy of your account's data was downloaded",
        "closing_asked": "somebody asked to close your account; that can be taken back "
        "on the account's page",
        "account_closed": "your account was closed",
        "way_added": "a way to sign in ({way}) was added to your account",
        "way_removed": "a way to sign in ({way}) was removed from your account",
        "last_way_removed": "your last strong way to sign in ({way}) was removed; "
        "your account now reaches level 1 only",
        "passcode_set": "the passcode of your account was set",
        "activated": "your account was activated",
        "activation_again": "somebody asked to activate your account, which is active "
        "already",
        "activation_late": "somebody asked to activate your account, but the time for "
        "it is over; call the hotline to have it opened again",
        "window_opened": "the hotline opened the time to activate your account again",
        "unlock_permitted": "after a call the hotline lets your account be unlocked "
        "with the codes that we send you; read them to nobody",
        "level_asked": "an officer applied to raise your account to level 2",
        "representation_ended": "a representation that your account is part of ended",
        "mandate_ended": "you may no longer act for an organisation: the register "
        "names another representative",
        "number_replaced": "your personal number was established anew; the account "
        "stays as it is, and you sign in with the new number or the old one",
        "lock_refused": "a written request to lock or unlock your account was refused; "
        "the account stays as it is",
        "sign_in_asked": "{way} waits for you to confirm a sign-in; open your own page "
        "yourself, under Waiting for you",
        "officer_signed_out": "an officer signed your account out; the reason is on "
        "your own page, under History",
        "officer_ended_grant": "an officer ended a permission that you gave; the "
        "reason is on your own page, under History",
    },
}
WAYS = {
    "vi": {
        "passkey": "passkey",
        "security_key": "khóa bảo mật",
        "chip": "thẻ chip",
        "totp": "ứng dụng xác thực",
        "sms": "tin nhắn",
    },
    "en": {
        "passkey": "passkey",
        "security_key": "security key",
        "chip": "chip card",
        "totp": "authenticator app",
        "sms": "text message",
    },
}
SUBJECTS = {
    "vi": "Tài khoản của bạn vừa có thay đổi",
    "en": "Your account was changed",
}
TEXTS = {
    "vi": "{operator}: {what}. Nếu không phải bạn, hãy gọi ngay {hotline} để khóa tài "
    "khoản.",
    "en": "{operator}: {what}. If that was not you, call {hotline} at once to have it "
    "locked.",
}

LINKS = {
    "vi": "\n\nKhông phải bạn? Mở đường dẫn này để khóa tài khoản ngay, không cần mật "
    "khẩu:\n{link}\nTrang đó không hỏi mật khẩu, mã hay tiền.",
    "en": "\n\nNot you? Open this link to lock the account at once, without a "
    "password:\n{link}\nThat page asks for no password, no code and no money.",
}


def warning(what: What, way: str, config: Config) -> str:
    """Return the sentence for a change; `way` is the credential's kind or a portal."""
    locale = config.pages.default_language
    return TEXTS[locale].format(
        operator=config.pages.operator,
        what=WHAT[locale][what].format(way=WAYS[locale].get(way, way)),
        hotline=config.pages.hotline,
    )
