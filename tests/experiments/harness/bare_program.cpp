// bare: a program that declares nothing.

#include "harness/harness.hpp"

int main(int argc, char** argv) { return lab::Program("bare").main(argc, argv); }
