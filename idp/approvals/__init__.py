"""What takes two officers: proposals, their approval with a fresh passkey, the alarm.

One officer proposes, with a reason; another approves, and what was proposed is carried
out in the same transaction, or not at all. A command on the server is nobody, so two
officers stand behind what it proposes. Who cannot wait breaks the glass, and everybody
hears it.
"""
