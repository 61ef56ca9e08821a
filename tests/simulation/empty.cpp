// CMake wants a source for every program; main() comes from simulate.cpp through its library.
