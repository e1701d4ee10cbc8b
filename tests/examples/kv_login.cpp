// SPDX-License-Identifier: BSL-1.0
// The password: who is let in by what, and that the rest is refused until then.

#include "kv/base/password_file.hpp"
#include "kv/commands/login.hpp"

#include "kv_fake_node.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace kv::testing {

struct Locked : Fixture {
    Locked() { service.password = "open sesame"; }

    /// What a session says: its own refusal, or the command's answer.
    std::string serve(std::vector<std::string_view> words) {
        const char* const error = kv::refusal(*kv::find_command(words[0]), client, service);
        return error != nullptr ? "-" + std::string(error) : run(words);
    }
};

}  // namespace kv::testing

BOOST_FIXTURE_TEST_SUITE(kv_login, kv::testing::Locked)

BOOST_AUTO_TEST_CASE(nothing_is_served_before_the_password_is_said) {
    for (const kv::CommandType& type : kv::command_types()) {
        const bool is_free = type.name == "AUTH" || type.name == "HELLO" || type.name == "QUIT";
        BOOST_TEST((kv::refusal(type, client, service) == nullptr) == is_free, type.name);
    }
    BOOST_TEST(serve({"PING"}) == "-NOAUTH Authentication required.");
    BOOST_TEST(serve({"HELLO", "3"}).starts_with("-NOAUTH HELLO"));
    BOOST_TEST(client.protocol == 2);
    BOOST_TEST(serve({"AUTH", "open sesame"}) == "+OK\r\n");
    BOOST_TEST(serve({"PING"}) == "+PONG\r\n");
    BOOST_TEST(serve({"HELLO", "3"}).starts_with("%7\r\n"));
}

BOOST_AUTO_TEST_CASE(every_form_of_the_login) {
    for (const std::vector<std::string_view>& words :
         std::vector<std::vector<std::string_view>>{{"AUTH", "open"},
                                                    {"AUTH", "open sesam"},
                                                    {"AUTH", "open sesame "},
                                                    {"AUTH", "Open sesame"},
                                                    {"AUTH", "open sesameopen sesame"},
                                                    {"AUTH", ""},
                                                    {"AUTH", "other", "open sesame"},
                                                    {"AUTH", "default", "wrong"},
                                                    {"HELLO", "3", "AUTH", "default", "wrong"},
                                                    {"HELLO", "3", "AUTH", "other", "open sesame"}}) {
        BOOST_TEST(serve(words) == "-WRONGPASS invalid username-password pair\r\n", words[1]);
        BOOST_TEST((!client.logged_in && client.protocol == 2));
    }
    BOOST_TEST(serve({"AUTH", "a", "b", "c"}) == "-ERR syntax error\r\n");
    for (const std::vector<std::string_view>& words : std::vector<std::vector<std::string_view>>{
             {"AUTH", "open sesame"},
             {"AUTH", "default", "open sesame"},
             {"HELLO", "3", "AUTH", "default", "open sesame", "SETNAME", "me"}}) {
        client = {};
        BOOST_TEST(serve(words).substr(0, 1) != "-");
        BOOST_TEST(client.logged_in);
    }
    BOOST_TEST((client.protocol == 3 && client.name == "me"));
    // Who is in stays in when it tries again in vain.
    BOOST_TEST(serve({"AUTH", "wrong"}).starts_with("-WRONGPASS "));
    BOOST_TEST(client.logged_in);
    service.password.clear();
    BOOST_TEST(kv::testing::Fixture::has(serve({"AUTH", "x"}), "without any password configured for the default user"));
}

BOOST_AUTO_TEST_CASE(a_password_comes_from_a_file) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("kv_login_" + std::to_string(::getpid()))).string();
    const auto read = [&path](std::string_view text) {
        std::ofstream(path, std::ios::binary) << text;
        std::string password;
        return std::to_string(kv::read_password(path, password)) + password;
    };
    BOOST_TEST(read("two words\nmore\n") == "1two words");
    BOOST_TEST(read("word\r\n") == "1word");
    BOOST_TEST(read("word") == "1word");
    BOOST_TEST(read("") == "0cannot read a password in " + path + ": it is empty");
    BOOST_TEST(read("\n") == "0the first line of " + path + " is empty, and should be the password");
    std::filesystem::remove(path);
    std::string wrong;
    BOOST_TEST(!kv::read_password(path, wrong));
    BOOST_TEST(wrong == "cannot read a password in " + path + ": No such file or directory");
}

BOOST_AUTO_TEST_SUITE_END()
