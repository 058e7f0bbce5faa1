Script started on 2026-11-20 14:28:41+00:00 [COMMAND="printf 'hello \033[31mred\033[0m\n'; stty size; read x; printf '漢字 żółć %s\n' $x; stty size; exit 3" TERM="xterm-256color" TTY="/dev/pts/0" COLUMNS="90" LINES="25"]
hello [31mred[0m
25 90
wordword
漢字 żółć word
30 100

Script done on 2026-11-20 14:28:41+00:00 [COMMAND_EXIT_CODE="3"]
