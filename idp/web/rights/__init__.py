"""Pages by which people lock, change and take back what is theirs.

Locking is easy, from a letter's link or one button; opening, changing and closing ask
for the strongest proof. Nothing here is done by opening a page.
"""
