#include "cli/cli.h"

int main(int argc, char** argv) { return tokenweir::cli::run(argc, argv); }
