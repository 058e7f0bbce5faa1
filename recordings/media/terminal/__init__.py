"""What is made of terminal recordings by a real terminal emulator: text, snapshots, pictures, films.

All of it but `made` runs in the limited process (`recordings.media.limited`).
"""
