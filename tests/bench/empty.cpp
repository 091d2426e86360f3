// SPDX-License-Identifier: MIT
// Nothing but a start and an end.
int main() { return 0; }
