// SPDX-License-Identifier: BSL-1.0
// Ends a program of tests at the first check that fails: one is enough to kill a mutant.

#include <boost/test/framework.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>

namespace {

struct FirstFailure : boost::unit_test::test_observer {
    void assertion_result(boost::unit_test::assertion_result result) override {
        if (result == boost::unit_test::AR_FAILED) std::_Exit(1);
    }
};

struct Configuration {
    Configuration() {
        static FirstFailure observer;  // is called after the configuration is gone
        boost::unit_test::framework::register_observer(observer);
    }
};
BOOST_TEST_GLOBAL_CONFIGURATION(Configuration);

}  // namespace
