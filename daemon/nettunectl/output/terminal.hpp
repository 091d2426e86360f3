// SPDX-License-Identifier: MIT
// Terminal: what may be printed to a stream (colour, UTF-8, how wide), and text laid out for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/columns.hpp"

namespace nettune::ctl {

struct Terminal {
  static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

  bool colour = false;            ///< a terminal, without NO_COLOR, that is not "dumb"
  bool unicode = false;           ///< the locale's encoding is UTF-8
  std::size_t width = unlimited;  ///< columns; COLUMNS wins, a pipe or file has no limit
};

/// Of an open descriptor. Sets the process's LC_CTYPE from the environment.
Terminal look_at_terminal(int fd);

enum class Ink { plain, bold, dim, red, green, yellow, cyan };

/// `text` in that ink, or as it is where the terminal has no colour.
std::string paint(const Terminal& terminal, Ink ink, std::string_view text);
/// `text` and blanks up to `width` columns; longer text is left as it is.
std::string pad(std::string text, std::size_t width);

/// `text` (plain, no escape sequences) in lines of at most `width` columns, broken at blanks, and
/// within a word only where the word alone is too long: then after one of `./_-,`, if there is one.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// Appends `text`, printable and wrapped, to `out`: the first line after `first`, the others after
/// `rest`. Both are blanks or marks and count; never less than 8 columns are used for the text.
void append_wrapped(std::string& out, const Terminal& terminal, std::string_view first,
                    std::string_view rest, std::string_view text, Ink ink = Ink::plain);

/// "1 key", "3 keys".
std::string count_of(std::size_t number, std::string_view noun);

/// A plain table: the header, then the rows; the last column is wrapped where the terminal is too
/// narrow, and where even that is too narrow each row becomes a paragraph with the names of the
/// columns. Cells are plain text, of which what a person does not see is escaped; one of the last
/// column may have several lines.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<Ink> inks{};  ///< one for each column, or none at all
};
void append_table(std::string& out, const Terminal& terminal, Table table);

}  // namespace nettune::ctl
