"""Every word of the portals: key → (Vietnamese, English); `site.key` before `key`."""

TEXTS = {
    "services.name": ("Một Cửa", "One Door"),
    "services.tagline": ("Cổng dịch vụ công (mẫu)", "Public services (demo)"),
    "services.headline": (
        "Làm thủ tục một lần, ở một nơi",
        "Do your paperwork once, in one place",
    ),
    "services.lead": (
        "Đăng nhập để hồ sơ được điền sẵn từ cơ sở dữ liệu dân cư và cư trú.",
        "Sign in and your forms are filled in from the population registry.",
    ),
    "services.list": ("Thủ tục thường dùng", "Most used services"),
    "services.item1": ("Đăng ký tạm trú", "Register a temporary stay"),
    "services.item1_note": (
        "Nơi thường trú và nơi ở hiện tại được điền sẵn.",
        "Your permanent and present address are filled in.",
    ),
    "services.item2": ("Xác nhận thông tin cư trú", "Certificate of residence"),
    "services.item2_note": ("Nhận bản điện tử trong ngày.", "Digital, the same day."),
    "services.item3": ("Đăng ký khai sinh", "Register a birth"),
    "services.item3_note": ("Liên thông với thẻ bảo hiểm.", "With the health card."),
    "services.item4": ("Cấp đổi giấy phép lái xe", "Renew a driving licence"),
    "services.item4_note": ("Không phải nộp bản sao.", "No copies to hand in."),
    "services.step_up_title": ("Ký nộp hồ sơ", "Sign and submit"),
    "services.step_up": (
        "Nộp hồ sơ cần xác thực ở mức 2.",
        "Submitting a file needs authentication level 2.",
    ),
    "bank.name": ("Sông Xanh", "Blue River"),
    "bank.tagline": ("Ngân hàng số (mẫu)", "Digital bank (demo)"),
    "bank.headline": (
        "Mở tài khoản trong ba phút",
        "Open an account in three minutes",
    ),
    "bank.lead": (
        "Không giấy tờ, không ảnh chụp: định danh điện tử mức 2 là đủ.",
        "No papers, no photographs: your level 2 identity is enough.",
    ),
    "bank.item1": ("Tài khoản thanh toán 0 đồng", "A current account for 0 đ"),
    "bank.item2": ("Chuyển tiền có xác thực lại", "Transfers confirmed afresh"),
    "bank.item3": ("Câu trả lời được ký số", "Digitally signed answers"),
    "bank.card": ("Thẻ ghi nợ", "Debit card"),
    "bank.step_up_title": ("Xác nhận chuyển 50.000.000 ₫", "Confirm a large transfer"),
    "bank.step_up": (
        "Khoản tiền lớn cần bạn xác thực lại, ở mức 2, ngay lúc này.",
        "A large sum asks you to authenticate again, at level 2, now.",
    ),
    "insurance.name": ("An Lành", "An Lành"),
    "insurance.tagline": ("Bảo hiểm y tế (mẫu)", "Health insurance (demo)"),
    "insurance.headline": (
        "Cả nhà cùng một hợp đồng",
        "One policy for the whole household",
    ),
    "insurance.lead": (
        (
            "Từ người thứ hai trong hộ, mức đóng giảm dần. Đăng nhập để chúng tôi "
            "tính theo hộ gia đình của bạn."
        ),
        (
            "From the second member on you pay less. Sign in and we work it out for "
            "your household."
        ),
    ),
    "insurance.item1": ("Người thứ nhất", "First member"),
    "insurance.item2": ("Người thứ hai", "Second member"),
    "insurance.item3": ("Người thứ ba", "Third member"),
    "insurance.item4": ("Người thứ tư", "Fourth member"),
    "insurance.rates": ("Mức đóng theo hộ", "Rates for a household"),
    "insurance.step_up_title": ("Yêu cầu chi trả", "Make a claim"),
    "insurance.step_up": (
        "Yêu cầu chi trả cần xác thực ở mức 2.",
        "A claim needs authentication level 2.",
    ),
    "sign_in": ("Đăng nhập bằng Định Danh", "Sign in with Định Danh"),
    "sign_in_note": (
        "Bạn sẽ được chuyển sang trang của Định Danh rồi quay lại đây.",
        "You go to Định Danh's own page and come back here.",
    ),
    "synthetic": (
        "Trang mẫu để thử nghiệm. Không có người thật, không có dịch vụ thật.",
        "A demo site. No real people, no real services.",
    ),
    "profile": ("Hồ sơ của tôi", "My profile"),
    "greeting": ("Xin chào", "Welcome"),
    "for_representation": ("Đăng nhập cho con, cháu", "Sign in for a child or ward"),
    "for_organisation": ("Đăng nhập cho tổ chức", "Sign in for an organisation"),
    "acting": ("Người đang làm thay:", "Who is acting:"),
    "someone": ("bạn", "to you"),
    "received": ("Thông tin đã nhận", "What we received"),
    "received_note": (
        "Đúng những gì bạn đã cho phép, không hơn.",
        "Exactly what you allowed, nothing more.",
    ),
    "nothing": ("Không nhận được thông tin nào.", "Nothing was received."),
    "verified": ("Thông tin kèm bằng chứng", "Claims with their evidence"),
    "how": ("Lần đăng nhập này", "This sign-in"),
    "account_level": ("Mức tài khoản", "Account level"),
    "authentication_level": ("Mức xác thực", "Authentication level"),
    "methods": ("Cách xác thực", "Methods"),
    "auth_time": ("Lúc xác thực", "Authenticated at"),
    "subject": ("Mã định danh tại trang này", "Your identifier at this site"),
    "too_weak_title": ("Chưa đủ mức bảo đảm", "Not strong enough yet"),
    "too_weak": (
        "Bạn xem được hồ sơ, nhưng chưa thực hiện được giao dịch.",
        "You may look around, but not make transactions.",
    ),
    "step_up_go": ("Xác thực thêm", "Authenticate further"),
    "strong": ("Đã đủ mức bảo đảm 2.2", "Assurance 2.2 reached"),
    "developer": ("Dành cho lập trình viên", "For developers"),
    "dev_request": ("Yêu cầu đã gửi", "Authorization request"),
    "dev_answer": ("Trả lời ở địa chỉ callback", "Answer at the callback"),
    "dev_token": ("Trả lời của /token", "Token response"),
    "dev_userinfo": ("Trả lời của /userinfo", "Userinfo claims"),
    "dev_id_token": ("ID token đã giải mã", "ID token, decoded"),
    "dev_access_token": ("Access token đã giải mã", "Access token, decoded"),
    "sign_out_here": ("Rời trang này", "Leave this site"),
    "sign_out_everywhere": ("Đăng xuất khỏi Định Danh", "Sign out of Định Danh"),
    "signed_out": ("Bạn đã đăng xuất", "You are signed out"),
    "signed_out_note": (
        "Phiên tại trang này và tại Định Danh đã kết thúc.",
        "Your session here and at Định Danh has ended.",
    ),
    "home": ("Về trang đầu", "To the front page"),
    "again": ("Thử lại", "Try again"),
    "error_code": ("Mã lỗi", "Error code"),
    "skip": ("Đến nội dung chính", "Skip to the content"),
    "other_language": ("English", "Tiếng Việt"),
}

ERRORS = {
    "access_denied": (
        ("Bạn đã không đồng ý", "Không sao cả: chúng tôi không nhận được gì."),
        ("You did not agree", "That is fine: we received nothing."),
    ),
    "login_required": (
        ("Bạn chưa đăng nhập", "Hãy đăng nhập rồi thử lại."),
        ("You are not signed in", "Sign in and try again."),
    ),
    "unmet_authentication_requirements": (
        (
            "Tài khoản của bạn chưa đạt mức yêu cầu",
            (
                "Trang này cần tài khoản mức 2 và một cách xác thực thứ hai. "
                "Bạn nâng mức hoặc thêm cách xác thực tại Công an cấp xã bất kỳ."
            ),
        ),
        (
            "Your account does not reach the level we need",
            (
                "This needs a level 2 account and a second way to authenticate. "
                "Any commune police office can raise it or add one for you."
            ),
        ),
    ),
    "untrusted_answer": (
        (
            "Câu trả lời không hợp lệ",
            "Có thể trang đã được mở từ lâu hoặc ở một thẻ khác. Hãy bắt đầu lại.",
        ),
        (
            "That answer was not valid",
            "The page may have been open too long, or in another tab. Start again.",
        ),
    ),
    "unreachable": (
        ("Định Danh đang bận", "Xin thử lại sau ít phút."),
        ("Định Danh cannot be reached", "Please try again in a few minutes."),
    ),
    "other": (
        ("Đăng nhập không thành công", "Xin thử lại, hoặc báo mã lỗi cho chúng tôi."),
        ("Signing in failed", "Try again, or tell us the error code."),
    ),
}

LABELS = {
    "act": ("Người làm thay", "Acting person"),
    "organisation": ("Tổ chức", "Organisation"),
    "tax_code": ("Mã số thuế", "Tax code"),
    "role": ("Vai trò", "Role"),
    "mother": ("mẹ", "mother"),
    "father": ("cha", "father"),
    "guardian": ("người giám hộ", "guardian"),
    "legal_representative": ("người đại diện theo pháp luật", "legal representative"),
    "authorised_person": ("người được ủy quyền", "authorised person"),
    "name": ("Họ và tên", "Full name"),
    "family_name": ("Họ", "Family name"),
    "middle_name": ("Chữ đệm", "Middle name"),
    "given_name": ("Tên", "Given name"),
    "gender": ("Giới tính", "Gender"),
    "birthdate": ("Ngày sinh", "Date of birth"),
    "personal_number": ("Số định danh cá nhân", "Personal number"),
    "phone_number": ("Số điện thoại", "Phone number"),
    "email": ("Thư điện tử", "E-mail"),
    "residence": ("Cư trú", "Residence"),
    "household": ("Hộ gia đình", "Household"),
    "permanent": ("Nơi thường trú", "Permanent residence"),
    "temporary": ("Nơi tạm trú", "Temporary residence"),
    "present": ("Nơi ở hiện tại", "Present residence"),
    "address": ("Địa chỉ", "Address"),
    "province_code": ("Mã tỉnh", "Province code"),
    "commune_code": ("Mã xã", "Commune code"),
    "legacy_district": ("Huyện, quận trước 1/7/2025", "District before 1/7/2025"),
    "as_of": ("Tính đến", "As of"),
    "since": ("Từ ngày", "Since"),
    "until": ("Đến ngày", "Until"),
    "head": ("Chủ hộ", "Head of household"),
    "is_self": ("Chính là bạn", "That is you"),
    "relation": ("Quan hệ với chủ hộ", "Relation to the head"),
    "spouse": ("Vợ, chồng", "Spouse"),
    "child": ("Con", "Child"),
    "parent": ("Cha, mẹ", "Parent"),
    "sibling": ("Anh, chị, em", "Sibling"),
    "grandparent": ("Ông, bà", "Grandparent"),
    "grandchild": ("Cháu ruột", "Grandchild"),
    "other_relative": ("Người thân khác", "Other relative"),
    "unrelated": ("Người ở nhờ, ở thuê", "Not related"),
    "members": ("Thành viên khác", "Other members"),
    "male": ("Nam", "Male"),
    "female": ("Nữ", "Female"),
    "yes": ("Có", "Yes"),
    "no": ("Không", "No"),
}
