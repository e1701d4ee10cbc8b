# SPDX-License-Identifier: BSL-1.0
# Compiles SOURCE with COMPILER. It must fail, and the compiler must print the sentence after `// expect: ` in the
# first of its errors: nobody reads the second one. A sentence may go on in more `// expect: ` lines. Without any,
# SOURCE must compile. Behind it there may be few other errors: 3 in all, or as many as `// errors: ` says. A sentence
# after `// expect below: ` may stand behind the first error, where the compiler shows what it refused. PRECOMPILED, where it is
# set, is a header that the compiler has read before.

file(STRINGS ${SOURCE} expect_lines REGEX "^// expect( below)?: ")
set(sentence "")
set(in_first_error TRUE)
foreach(line IN LISTS expect_lines)
    if(line MATCHES "^// expect below: ")
        set(in_first_error FALSE)
    endif()
    string(REGEX REPLACE "^// expect( below)?: " "" line "${line}")
    string(STRIP "${line}" line)
    string(APPEND sentence " ${line}")
endforeach()
string(STRIP "${sentence}" sentence)

set(precompiled "")
if(PRECOMPILED)
    set(precompiled -include ${PRECOMPILED})
endif()
set(ENV{LC_ALL} C)
execute_process(
    COMMAND ${COMPILER} -std=c++20
        -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only -fmessage-length=0 -I ${INCLUDE} ${precompiled}
        ${SOURCE}
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)

if(sentence STREQUAL "")
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "This must compile, and does not:\n${output}")
    endif()
    return()
endif()

if(status EQUAL 0)
    message(FATAL_ERROR "This compiles, and must not:\n  ${SOURCE}\nExpected: ${sentence}")
endif()

# Clang shows a quotation mark within a sentence as \".
string(REPLACE "\\\"" "\"" readable "${output}")
string(FIND "${readable}" "${sentence}" at)
if(at EQUAL -1)
    message(FATAL_ERROR "This fails to compile, but not with our sentence.\nExpected: ${sentence}\nGot:\n${output}")
endif()

string(FIND "${readable}" "error: " first_error)
string(SUBSTRING "${readable}" ${first_error} -1 from_first_error)
string(REGEX MATCH "^[^\n]*" first_error_line "${from_first_error}")
string(FIND "${first_error_line}" "${sentence}" at)
if(in_first_error AND at EQUAL -1)
    message(FATAL_ERROR
        "Our sentence is not in the first error.\nExpected: ${sentence}\n"
        "First error: ${first_error_line}\nAll:\n${output}")
endif()

set(errors_max 3)
file(STRINGS ${SOURCE} errors_line REGEX "^// errors: " LIMIT_COUNT 1)
if(errors_line)
    string(REGEX REPLACE "^// errors: " "" errors_max "${errors_line}")
endif()
string(REGEX MATCHALL "[0-9]: error: " errors "${readable}")
list(LENGTH errors error_count)
if(error_count EQUAL 0 OR error_count GREATER errors_max)
    message(FATAL_ERROR "There are ${error_count} errors, and at most ${errors_max} are wanted:\n${output}")
endif()
