# SPDX-License-Identifier: MIT
# fish completion for nettunectl. Commands, options and the values of --format come from the
# program's own --help, profiles and keys from the program as well: no list stands here.

function __nettunectl_command
    set -l words (commandline -opc)
    set -q words[2]; and not string match -q -- '-*' $words[2]; and echo $words[2]
end

function __nettunectl_commands
    nettunectl --help 2>/dev/null | awk '/^commands:/ { on = 1; next } /^$/ { on = 0 }
        on && /^  [a-z]/ { name = $1; sub(/^ +[^ ]+ +/, ""); print name "\t" $0 }'
end

function __nettunectl_options
    nettunectl (__nettunectl_command) --help 2>/dev/null | awk '/^options:/ { on = 1; next }
        /^$/ { on = 0 }
        on && /^ +(-[a-zA-Z], )?--[a-z]/ {
            sub(/^ +(-[a-zA-Z], )?/, "")
            print $1 "\t" (match($0, /  +/) ? substr($0, RSTART + RLENGTH) : "")
        }'
end

function __nettunectl_formats
    nettunectl (__nettunectl_command) --help 2>/dev/null |
        sed -n 's/^ *-f, --format \([a-z|]*\).*/\1/p' | string split '|'
end

# Whether the word before the cursor's is one of these.
function __nettunectl_after
    set -l words (commandline -opc)
    contains -- $words[-1] $argv
end

# Whether the command is one of these.
function __nettunectl_is
    contains -- (__nettunectl_command) $argv
end

function __nettunectl_takes_value
    __nettunectl_after --format -f --live --plan --output -o --root --directory --memory --kernel \
        --confirm --since --host -H --machine -M --netns \
        --pid --unit --preset -p --profile
end

complete -c nettunectl -f
complete -c nettunectl -n 'not __nettunectl_command' -k -a '(__nettunectl_commands)'
complete -c nettunectl -n 'not __nettunectl_command' -a 'help --help --version'
complete -c nettunectl -n '__nettunectl_command && not __nettunectl_takes_value && string match -q -- "-*" (commandline -ct)' \
    -k -a '(__nettunectl_options)'
complete -c nettunectl -n '__nettunectl_after --format -f' -k -a '(__nettunectl_formats)'
complete -c nettunectl -n '__nettunectl_after --live --plan --output -o' -F
complete -c nettunectl -n '__nettunectl_after --root --directory' -a '(__fish_complete_directories)'
complete -c nettunectl -n '__nettunectl_after --netns' -a '(path basename /run/netns/*)'
complete -c nettunectl -n '__nettunectl_after --netns && __nettunectl_is audit' -a all
complete -c nettunectl -n 'not __nettunectl_takes_value && __nettunectl_is audit plan apply show check export activate' \
    -k -F -a '(nettunectl list --format names 2>/dev/null)'
complete -c nettunectl -n '__nettunectl_after --profile' -k -F \
    -a '(nettunectl list --format names 2>/dev/null)'
complete -c nettunectl -n '__nettunectl_after --preset -p' -k \
    -a '(nettunectl sockets preset --format names 2>/dev/null)'
complete -c nettunectl -n '__nettunectl_is help' -k -a '(__nettunectl_commands)'
complete -c nettunectl -n 'not __nettunectl_takes_value && __nettunectl_is import' -F -a 'sysctl.d tuned'
complete -c nettunectl -n 'not __nettunectl_takes_value && __nettunectl_is explain history' \
    -a '(nettunectl explain --format names 2>/dev/null)'
