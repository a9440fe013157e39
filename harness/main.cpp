// The program. Everything is in command_line/.
#include "harness/command_line/command_line.h"

int main(int argument_count, char** arguments) { return xover::command_line(argument_count, arguments); }
