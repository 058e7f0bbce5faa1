"""Find recordings by what is written about them and by what their terminals showed.

Text is cut into words by ourselves (`words`), the same for both databases, which only have to keep them (`index`).
A question is cut in the same way (`asking`), the recordings that answer it are found in one query with the rules of
who may see them (`finding`), and in what was found the lines are looked for that say it (`lines`).
"""
