// Nothing but a reason to compile catch.hpp once; see ekiden_test_headers in CMakeLists.txt.
