"""Every word of the agent: key → (Vietnamese, English)."""

LANGUAGES = ("vi", "en")

TEXTS = {
    "name": ("Đầu đọc thẻ Định Danh", "Định Danh card reader"),
    "skip": ("Đến nội dung", "Skip to the content"),
    "language": ("English", "Tiếng Việt"),
    "place": (
        "Trang này ở ngay trên máy tính của bạn, không ở trên mạng.",
        "This page is on your own computer, not on the network.",
    ),
    "sandbox": (
        "Đầu đọc ảo để thử. Mọi người và mọi thẻ ở đây đều không có thật.",
        "A virtual reader for trying out. Every person and card here is invented.",
    ),
    # ---- the front page
    "front.title": ("Sẵn sàng đọc thẻ", "Ready to read a card"),
    "front.lead": (
        (
            "Chương trình này đọc chip của thẻ căn cước khi bạn đăng nhập. Bạn không "
            "cần làm gì ở đây: hãy bắt đầu từ trang đăng nhập."
        ),
        (
            "This program reads the chip of an identity card when you sign in. There "
            "is nothing to do here: begin at the sign-in page."
        ),
    ),
    "front.works_for": ("Chỉ làm việc với", "Works for these alone"),
    "front.reader": ("Đầu đọc", "The reader"),
    "front.cards": ("Thẻ thử nghiệm", "Sandbox cards"),
    "front.cards_lead": (
        "Khi đăng nhập bằng thẻ, bạn sẽ chọn một trong các thẻ này.",
        "When you sign in with a card you choose one of these.",
    ),
    "presence.none": ("Chưa có đầu đọc nào.", "No reader is connected."),
    "presence.empty": ("Đã có đầu đọc, chưa có thẻ.", "A reader, and no card on it."),
    "presence.busy": (
        "Một chương trình khác đang dùng thẻ.",
        "Another program is using the card.",
    ),
    "presence.virtual": ("Đầu đọc ảo.", "A virtual reader."),
    "presence.card": ("Đã có thẻ.", "A card is there."),
    # ---- the question
    "ask.title": ("Cho phép đọc thẻ?", "Allow your card to be read?"),
    "ask.for_portal": (
        "{provider} muốn đọc thẻ để bạn đăng nhập vào",
        "{provider} wants to read your card, to sign you in at",
    ),
    "ask.for_account": (
        "{provider} muốn đọc thẻ cho tài khoản của bạn.",
        "{provider} wants to read your card for your account.",
    ),
    "ask.reads": ("Sẽ đọc", "What is read"),
    "ask.reads_not": ("Không đọc", "What is not read"),
    "reads.identity": (
        "Thông tin nhân thân in trên thẻ, có chữ ký của cơ quan cấp",
        "The identity data printed on the card, signed by its issuer",
    ),
    "reads.genuine": (
        "Bằng chứng rằng chip là thật",
        "Proof that the chip is genuine",
    ),
    "reads.portrait": ("Ảnh chân dung trong chip", "The portrait in the chip"),
    "reads.fingerprints": ("Dấu vân tay", "Fingerprints"),
    "ask.pipe": (
        "Dữ liệu đi từ chip thẳng tới {provider}. Chương trình này không giữ lại gì.",
        "The data go from the chip to {provider}. This program keeps nothing.",
    ),
    "ask.only_if": (
        "Chỉ cho phép nếu chính bạn vừa bắt đầu việc này.",
        "Allow this only if you have just begun it yourself.",
    ),
    "ask.which": ("Đặt thẻ nào lên đầu đọc?", "Lay which card on the reader?"),
    "ask.which_first": ("Hãy chọn một thẻ trước.", "Choose a card first."),
    "allow": ("Cho phép", "Allow"),
    "cancel": ("Hủy", "Cancel"),
    # ---- live state
    "live.title": ("Đọc thẻ", "Reading your card"),
    "asked": ("Đang chờ bạn trả lời.", "Waiting for your answer."),
    "waiting": ("Đặt thẻ lên đầu đọc.", "Lay your card on the reader."),
    "waiting.none": (
        "Chưa có đầu đọc nào. Hãy cắm đầu đọc vào máy.",
        "No reader is connected. Plug it in.",
    ),
    "waiting.busy": (
        "Một việc khác đang dùng thẻ. Chờ một chút.",
        "Something else is using the card. One moment.",
    ),
    "reading": ("Đang đọc thẻ. Giữ yên thẻ.", "Reading. Leave the card where it is."),
    "done": ("Xong. Đang quay lại…", "Done. Going back…"),
    "waiting.note": (
        "Để cả thẻ nằm phẳng trên đầu đọc, không kèm thẻ khác.",
        "Lay it flat, with no other card next to it.",
    ),
    "waiting.note.virtual": ("Đang đặt thẻ đã chọn.", "Laying the card you chose."),
    "reading.note": ("Thường mất một hai giây.", "This takes a second or two."),
    "done.note": ("Bạn có thể lấy thẻ ra.", "You may take the card away."),
    "continue": ("Tiếp tục", "Continue"),
    "back": ("Về {provider}", "Back to {provider}"),
    # ---- why nothing came of it
    "failed.title": ("Không đọc được thẻ", "The card was not read"),
    "refused.title": ("Không làm gì cả", "Nothing was done"),
    "failed.unreachable": (
        "Không liên lạc được với {provider}, hoặc chứng thư của trang không tin được.",
        "{provider} cannot be reached, or its certificate is not to be trusted.",
    ),
    "failed.refused": (
        "Yêu cầu đã quá hạn hoặc đã được dùng. Hãy bắt đầu lại từ trang đăng nhập.",
        "The request is too old or was used already. Begin again at the sign-in page.",
    ),
    "failed.answer": (
        "Câu trả lời của trang không đúng. Chương trình đã dừng để bảo vệ bạn.",
        "The site did not answer as it should. The program stopped for your safety.",
    ),
    "failed.forbidden": (
        (
            "Trang yêu cầu thẻ làm một việc không thuộc việc đọc thẻ. Chương trình đã "
            "dừng để giữ an toàn cho bạn."
        ),
        (
            "The site asked the card for something that is no part of a reading. The "
            "program stopped for your safety."
        ),
    ),
    "failed.failed": (
        "Có lỗi ở đầu đọc. Hãy thử lại từ trang đăng nhập.",
        "Something is wrong with the reader. Try again from the sign-in page.",
    ),
    "failed.origin": (
        (
            "Yêu cầu này không đến từ trang được phép. Nếu bạn không tự bắt đầu, hãy "
            "đóng trang đã đưa bạn tới đây."
        ),
        (
            "The request did not come from a site that may ask. If you did not begin "
            "it yourself, close the page that brought you here."
        ),
    ),
    "failed.unknown": (
        "Việc đọc thẻ này đã kết thúc. Hãy bắt đầu lại từ trang đăng nhập.",
        "This reading is over. Begin again at the sign-in page.",
    ),
}


def say(key: str, language: str, **names: str) -> str:
    """Return the words for `key`, with the names that they mention."""
    return TEXTS[key][LANGUAGES.index(language)].format(**names)


def note(state: str, language: str, *, virtual: bool) -> str:
    """Return the advice that goes with a state; most have none."""
    for key in ((f"{state}.note.virtual",) if virtual else ()) + (f"{state}.note",):
        if key in TEXTS:
            return say(key, language)
    return ""
