#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Reads every #include of the library and holds it against the layers of the design.
#
#     check.sh include/replicator
#
#   base       `base_files`, api/, encoding/                 may include base
#   concepts/  what a policy or a machine must be            base, concepts
#   core/      the replication itself                        base, concepts, core; see below
#   pair/      a replication of its own for two boards        base, concepts, codec, pair
#   profile/   what names another core behind Replicator      base, concepts, pair, profile
#   policies   ack/ authority/ codec/ log/ storage/ transport/  base, concepts, and their own family: what shares the
#              first word of the name in one folder (posix, posix_system), and a folder of that name (log/file.hpp,
#              log/file/). Never core, never each other, but for `policy_exceptions`.
#   state/     states in pieces, made of containers           base, concepts, codec, state
#   machine/   machines around the user's own                 base, concepts, codec, machine, core/frozen
#   dynamic/   what is chosen when a program starts          base, concepts, dynamic
#   asio/      TCP, completion tokens, error codes           anything
#   sim/ testing/  for users' own tests                      anything but Asio and what stands on it
#   basic_replicator.hpp  joins them                         base, concepts, core, codec, authority/manual
#   replicator.hpp        what most programs include         anything but Asio, sim and testing
#
# The folders in core/ are its rooms, and the files beside them its ground:
#
#   wire/ history/  what is sent, what a log says             their own files
#   ground          what a node is made of, who it is         wire, history, ground
#   peer/           what a node knows of another one          wire, history, ground, peer
#   node/           what joins the rooms                      every room
#   any other       lead, follow, snapshot and the like: one feature each     as peer/, and its own files; never another
#                   feature
#
# A room has six headers at most, core/ six beside its rooms, pair/ and pair/parts/ six each, any other folder eight. No
# class derives from one in another file of its own folder: it is one class, cut in two to fit.
#
# Asio is included by asio/ alone, OpenSSL by asio/tls/ alone; transport/asio_tcp.hpp is a second name of asio/tcp.hpp.
# Base, concepts, core, and all that replicator.hpp reaches include the light standard headers alone; dynamic/ has
# <string_view> beside. Headers of C and of the system (name.h, sys/name.h) are for storage/, sim/, testing/ and asio/.
# No header has more than 400 lines; each begins with its licence. No chain of includes returns to where it began. No
# header uses a name that X11, Windows or Arduino define as a macro: `banned_names` at all, `banned_calls` where a
# parenthesis follows. No header uses a word of `banned_words`, for which there is another one now.
set -u

root=${1:?the folder include/replicator}
root=${root%/}
cd "$root" || exit 2

base_files="assert error fwd result types version"
light_headers="array bit compare concepts cstddef cstdint cstring limits new optional span type_traits utility"
lines_max=400
room_files_max=6
folder_files_max=8
banned_names="Above Always Below Bool Complex False None Status Success True Unsorted"  # X11
banned_names+=" far near small interface DELETE ERROR IN OPTIONAL OUT"                  # Windows
banned_names+=" HIGH LOW INPUT OUTPUT"                                                  # Arduino
banned_calls="abs bit max min round"
# "former now": one idea has one word, in names and in comments.
banned_words=(
    "chunks? piece"
    "founded bootstrapped"
    "take_ack make_ack, or on_ack"
    "chronicle facts"
    "reseat restart_at"
    "thaw(s|ed|ing)? load, or Loading"
)

# "who whom" pairs, shell patterns, that the rule for policies would refuse.
policy_exceptions=(
    "ack/majority.hpp ack/quorum.hpp"
    "codec/select.hpp codec/*"
    "log/file* storage/*"
    "transport/* transport/node_handle.hpp"
    "transport/asio_tcp.hpp asio/tcp.hpp"
)
failures=0
fail() {  # file, line, rule
    printf '%s/%s:%s: %s\n' "$root" "$1" "$2" "$3"
    failures=$((failures + 1))
}

# These answer in REPLY: a process for each of a thousand includes would take seconds.

# The layer of a header, from its path.
layer_of() {
    case $1 in
        replicator.hpp) REPLY=top ;;
        basic_replicator.hpp) REPLY=joint ;;
        ack/* | authority/* | codec/* | log/* | storage/* | transport/*) REPLY=policy ;;
        api/* | encoding/*) REPLY=base ;;
        */*) REPLY=${1%%/*} ;;
        *) REPLY=base ;;
    esac
}

# The folder and the first word of what is in it: storage/posix_system.hpp is of the family storage/posix,
# log/file/tail.hpp of log/file.
family_of() {
    local rest=${1%.hpp}
    rest=${rest#*/}
    rest=${rest%%/*}
    REPLY=${1%%/*}/${rest%%_*}
}

# The room of a header of the core.
room_of() {
    case ${1#core/} in
        */*) REPLY=${1#core/} && REPLY=${REPLY%%/*} ;;
        *) REPLY=ground ;;
    esac
}

# Turns folder/../ into nothing.
plain_path() {
    local path=$1
    while [[ $path =~ ^(.*/)?[^/.]+/\.\./(.*)$ ]]; do path=${BASH_REMATCH[1]}${BASH_REMATCH[2]}; done
    REPLY=${path#./}
}

matches_any() {  # "who whom", patterns...
    local pair=$1 pattern
    shift
    for pattern in "$@"; do
        # shellcheck disable=SC2053  # the right side is a pattern
        [[ $pair == $pattern ]] && return 0
    done
    return 1
}

same_family() {
    family_of "$1"
    local family=$REPLY
    family_of "$2"
    [[ $family == "$REPLY" ]]
}
may_use_asio() { [[ $1 == asio/* || $1 == transport/asio_tcp.hpp ]]; }
may_use_the_system() { [[ $1 == storage/* || $1 == sim/* || $1 == testing/* || $1 == asio/* ]]; }

check_rooms() {  # file, line, the included header; both are of the core
    local file=$1 line=$2 other=$3 own allowed=" wire history ground peer "
    room_of "$file" && own=$REPLY
    room_of "$other"
    case $own in
        node) return ;;
        wire | history) allowed=" " ;;
        ground) allowed=" wire history " ;;
    esac
    [[ $REPLY == "$own" || $allowed == *" $REPLY "* ]] ||
        fail "$file" "$line" "includes $other: the room $own may include only its own files and:${allowed% }"
}

check_own() {  # file, line, path of the included header within the tree
    local file=$1 line=$2 other=$3
    local from to
    layer_of "$file" && from=$REPLY
    layer_of "$other" && to=$REPLY
    [[ -f $other ]] || { fail "$file" "$line" "includes $other, which does not exist"; return; }
    if [[ $from != asio ]] && ! may_use_asio "$file" && may_use_asio "$other"; then
        fail "$file" "$line" "includes $other: only asio/ may include what needs Asio"
        return
    fi
    case $from in
        base)
            [[ $to == base ]] || fail "$file" "$line" "includes $other: a base file may include base files only"
            ;;
        concepts)
            [[ $to == base || $to == concepts ]] ||
                fail "$file" "$line" "includes $other: a concept may include base files and concepts only"
            ;;
        core)
            [[ $to == base || $to == concepts || $to == core ]] ||
                fail "$file" "$line" "includes $other: the core may include base files, concepts and the core only"
            [[ $to != core ]] || check_rooms "$file" "$line" "$other"
            ;;
        pair)
            [[ $to == base || $to == concepts || $to == pair || $other == codec/* ]] ||
                fail "$file" "$line" "includes $other: the pair may include base files, concepts, codecs and the pair only"
            ;;
        state)
            [[ $to == base || $to == concepts || $to == state || $other == codec/* ]] ||
                fail "$file" "$line" "includes $other: state/ may include base files, concepts, codecs and its own only"
            ;;
        machine)
            [[ $to == base || $to == concepts || $to == machine || $other == codec/* || $other == core/frozen.hpp ]] ||
                fail "$file" "$line" "includes $other: machine/ may include base files, concepts, codecs, core/frozen.hpp and its own only"
            ;;
        profile)
            [[ $to == base || $to == concepts || $to == pair || $to == profile ]] ||
                fail "$file" "$line" "includes $other: a profile may include base files, concepts, its core and profiles only"
            ;;
        policy)
            [[ $to == base || $to == concepts ]] ||
                same_family "$file" "$other" ||
                matches_any "$file $other" "${policy_exceptions[@]}" ||
                fail "$file" "$line" \
                    "includes $other: a policy may include base files, concepts and its own family only"
            ;;
        dynamic)
            [[ $to == base || $to == concepts || $to == dynamic ]] ||
                fail "$file" "$line" "includes $other: dynamic/ may include base files, concepts and its own only"
            ;;
        joint)
            [[ $to == base || $to == concepts || $to == core || $other == codec/* || $other == authority/manual.hpp ]] ||
                fail "$file" "$line" "includes $other: basic_replicator.hpp knows the policies by their concepts only"
            ;;
        top)
            [[ $to != sim && $to != testing ]] ||
                fail "$file" "$line" "includes $other: the library may not include sim/ or testing/"
            ;;
        asio | sim | testing) ;;
        *) fail "$file" "$line" "is in a folder that has no rule: add it to tests/gates/layers/check.sh" ;;
    esac
}

check_other() {  # file, line, name between the angle brackets
    local file=$1 line=$2 name=$3
    case $name in
        asio.hpp | asio/* | boost/asio*)
            may_use_asio "$file" ||
                fail "$file" "$line" "includes <$name>: only asio/ may include Asio"
            ;;
        openssl/*)
            [[ $file == asio/tls* ]] || fail "$file" "$line" "includes <$name>: only asio/tls/ may include OpenSSL"
            ;;
        *.h)
            may_use_the_system "$file" ||
                fail "$file" "$line" "includes <$name>: only storage/, sim/, testing/ and asio/ may use the system"
            ;;
        */*) fail "$file" "$line" "includes <$name>: the library stands on the standard library and Asio only" ;;
        *)
            layer_of "$file"
            case $REPLY in
                base | concepts | core | pair | profile | joint)
                    [[ " $light_headers " == *" $name "* ]] ||
                        fail "$file" "$line" "includes <$name>: base, concepts and core may include only $light_headers"
                    ;;
                dynamic)
                    [[ " $light_headers string_view " == *" $name "* ]] ||
                        fail "$file" "$line" "includes <$name>: dynamic/ may include only $light_headers string_view"
                    ;;
            esac
            ;;
    esac
}

# What X11 and others would replace, without comments and without what stands between quotation marks.
check_names() {  # headers
    local file line text
    local pattern="(^|[^[:alnum:]_])((${banned_names// /|})($|[^[:alnum:]_])|(${banned_calls// /|})[[:space:]]*\()"
    while IFS=: read -r file line text; do
        while [[ $text =~ $pattern ]]; do
            fail "$file" "$line" \
                "uses ${BASH_REMATCH[3]}${BASH_REMATCH[5]}, which others define as a macro: take another name, or write (max)(a, b)"
            text=${text#*"${BASH_REMATCH[0]}"}
        done
    done < <(grep -HnE "$pattern" "$@" | sed -E 's|"([^"\\]\|\\.)*"||g; s|//.*||')
}

# Words that were given up, also within names: one process for each, over all headers.
check_words() {
    local file line text pair
    for pair in "${banned_words[@]}"; do
        while IFS=: read -r file line text; do
            fail "${file#./}" "$line" "says ${text//[^[:alnum:]_]/}: the word is ${pair#* }"
        done < <(grep -rnoiE --include='*.hpp' "(^|[^[:alpha:]])${pair%% *}($|[^[:alpha:]])" .)
    done
}

# "file line class base" for each base of each class that another header of the same folder defines.
derived_in_one_folder() {  # headers
    awk '
        function folder(file) { sub(/[^\/]*$/, "", file); return file }
        function name_of(head) {
            sub(/[[:space:]]*final.*/, "", head)
            sub(/<.*/, "", head)
            return head
        }
        { text = $0; sub(/\/\/.*/, "", text) }
        FNR == 1 { reading = 0 }
        text ~ /^[[:space:]]*(class|struct)[[:space:]]+[A-Za-z]/ && text !~ /;[[:space:]]*$/ {
            head = ""
            began = FNR
            reading = 1
        }
        reading {
            head = head " " text
            if (text !~ /[{;]/) next
            reading = 0
            sub(/[{;].*/, "", head)
            sub(/^[[:space:]]*(class|struct)[[:space:]]+/, "", head)
            gsub(/::/, "@", head)
            colon = index(head, ":")
            name = name_of(colon ? substr(head, 1, colon - 1) : head)
            gsub(/[[:space:]]/, "", name)
            if (name == "") next
            defined[folder(FILENAME) " " name] = defined[folder(FILENAME) " " name] " " FILENAME
            if (!colon) next
            bases = substr(head, colon + 1)
            while (gsub(/<[^<>]*>/, "", bases)) {}
            count = split(bases, list, ",")
            for (i = 1; i <= count; ++i) {
                base = list[i]
                gsub(/(public|protected|private|virtual)[[:space:]]/, " ", base)
                sub(/.*@/, "", base)
                gsub(/[[:space:]]/, "", base)
                found[++founds] = FILENAME " " began " " name " " base
            }
        }
        END {
            for (i = 1; i <= founds; ++i) {
                split(found[i], each, " ")
                where = defined[folder(each[1]) " " each[4]]
                if (where != "" && index(where " ", " " each[1] " ") == 0) print found[i]
            }
        }' "$@"
}

# "file line" for each comma operator in a return, or in a condition outside of for.
comma_operators() {  # headers
    awk '
        # Without what stands between brackets, and between those of templates.
        function flat(text) {
            while (gsub(/\([^][(){}]*\)|\[[^][(){}]*\]|\{[^][(){}]*\}/, "_", text)) {}
            while (gsub(/[A-Za-z0-9_]<[^<>;?|]*>/, "_", text)) {}
            return text
        }
        # What follows a return, to its end; or the condition in the parentheses. Empty while there is more.
        function whole(keyword, text,    i, depth, letter) {
            for (i = 1; i <= length(text); ++i) {
                letter = substr(text, i, 1)
                if (letter ~ /[[({]/) ++depth
                if (letter ~ /[])}]/) --depth
                if (keyword == "return" && letter == ";" && depth == 0) return flat(substr(text, 1, i))
                if (keyword != "return" && letter == ")" && depth == 0) {
                    text = substr(text, 1, i - 1)
                    return flat(substr(text, index(text, "(") + 1)) ";"
                }
            }
            return ""
        }
        function look(    line, next_line, rest, keyword, text, found) {
            for (line = 1; line <= count; ++line) {
                rest = lines[line]
                while (match(rest, /(^|[^A-Za-z0-9_])(return|if|while|switch)[^A-Za-z0-9_]/)) {
                    keyword = substr(rest, RSTART, RLENGTH)
                    gsub(/[^a-z]/, "", keyword)
                    rest = substr(rest, RSTART + RLENGTH - 1)
                    text = rest
                    for (next_line = line + 1; (found = whole(keyword, text)) == "" && next_line <= count; ++next_line)
                        text = text " " lines[next_line]
                    if (index(found, ",")) print name, line
                }
            }
        }
        FNR == 1 { look(); count = 0; name = FILENAME }
        {
            gsub(/"([^"\\]|\\.)*"/, "_")
            gsub(/\047([^\047\\]|\\.)\047/, "_")
            sub(/\/\/.*/, "")
            if (/^[[:space:]]*#/) $0 = ""
            lines[++count] = $0
        }
        END { look() }' "$@"
}

mapfile -t headers < <(find . -name '*.hpp' | sed 's|^\./||' | sort)
if ((${#headers[@]} == 0)); then
    echo "$root: there are no headers here"
    exit 1
fi

edges=""             # "who whom" of own headers
declare -A standard  # the standard headers of each own header, as "line:name line:name"
includes=0
for file in "${headers[@]}"; do
    layer_of "$file"
    if [[ $file != */* && $REPLY == base && " $base_files " != *" ${file%.hpp} "* ]]; then
        fail "$file" 1 "is not in the list of base files: add it to the layers in tests/gates/layers/check.sh"
    fi
    mapfile -t lines <"$file"
    count=${#lines[@]}
    ((count <= lines_max)) || fail "$file" "$count" "has more than $lines_max lines"
    printf -v text '%s\n' "${lines[@]}"
    [[ $'\n'$text == *$'\n#pragma once\n'* ]] || fail "$file" 1 "has no #pragma once"
    [[ ${lines[0]-} == "// SPDX-License-Identifier: BSL-1.0" ]] || fail "$file" 1 "does not name its licence"
done

check_names "${headers[@]}"

while IFS=: read -r file line text; do
    includes=$((includes + 1))
    if [[ $text =~ ^[[:space:]]*\#[[:space:]]*include[[:space:]]*\"([^\"]+)\" ]]; then
        [[ $file == */* ]] && folder=${file%/*}/ || folder=""
        plain_path "$folder${BASH_REMATCH[1]}"
        other=$REPLY
    elif [[ $text =~ ^[[:space:]]*\#[[:space:]]*include[[:space:]]*\<replicator/([^\>]+)\> ]]; then
        other=${BASH_REMATCH[1]}
    elif [[ $text =~ ^[[:space:]]*\#[[:space:]]*include[[:space:]]*\<([^\>]+)\> ]]; then
        check_other "$file" "$line" "${BASH_REMATCH[1]}"
        standard[$file]+="$line:${BASH_REMATCH[1]} "
        continue
    else
        fail "$file" "$line" "is an #include that this check cannot read"
        continue
    fi
    check_own "$file" "$line" "$other"
    edges+="$file $other"$'\n'
done < <(grep -HnE '^[[:space:]]*#[[:space:]]*include' "${headers[@]}")

# Folders that one takes in at a glance.
while read -r count folder; do
    [[ $folder/ == core/* || $folder/ == pair/* ]] && most=$room_files_max || most=$folder_files_max
    ((count <= most)) || fail "$folder" 1 "has $count headers, and may have $most"
done < <(for file in "${headers[@]}"; do [[ $file == */* ]] && echo "${file%/*}" || echo .; done | sort | uniq -c)

while read -r file line class base; do
    fail "$file" "$line" "derives $class from $base of its own folder: one holds the other instead"
done < <(derived_in_one_folder "${headers[@]}")

check_words

while read -r file line; do
    fail "$file" "$line" "hides something behind a comma operator: give it a statement of its own"
done < <(comma_operators "${headers[@]}")

# All that replicator.hpp reaches must be as light as the core, for that is what firmware includes.
if [[ -f replicator.hpp ]]; then
    reached=$(awk 'BEGIN { seen["replicator.hpp"] = 1; list = "replicator.hpp" }
        NF == 2 { to[$1] = to[$1] " " $2 }
        END {
            count = split(list, queue, " ")
            for (i = 1; i <= count; ++i) {
                print queue[i]
                other_count = split(to[queue[i]], others, " ")
                for (j = 1; j <= other_count; ++j)
                    if (!(others[j] in seen)) { seen[others[j]] = 1; queue[++count] = others[j] }
            }
        }' <<<"$edges")
    for file in $reached; do
        for entry in ${standard[$file]-}; do
            [[ " $light_headers " == *" ${entry#*:} "* ]] ||
                fail "$file" "${entry%%:*}" \
                    "includes <${entry#*:}>, and replicator.hpp includes this file: it may reach only $light_headers"
        done
    done
fi

if ! loops=$(tsort <<<"$edges" 2>&1 >/dev/null); then
    while IFS= read -r name; do
        name=${name#tsort: }
        [[ -f $name ]] && fail "$name" 1 "includes itself by way of others"
    done <<<"$loops"
fi

if ((failures > 0)); then
    echo "$failures violations of the layers"
    exit 1
fi
echo "${#headers[@]} headers, $includes includes: every layer is kept"
