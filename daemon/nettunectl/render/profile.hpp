// SPDX-License-Identifier: MIT
// A profile's parts in the words of the profile language again: what `show` writes is a profile.
#pragma once

#include <string>
#include <string_view>

#include "engine/profile/profile.hpp"
#include "engine/profile/resolve.hpp"

namespace nettune::ctl {

/// "at least max(16 MiB, bdp(10 Gbit/s, 20 ms))"; no YAML quotes.
std::string text_of(const profile::Rule& rule, const sysctl::Parameter* parameter);

/// All fields: "true", "[keep, 128 KiB, at least 32 MiB]"; no YAML quotes.
std::string text_of(const profile::Entry& entry);

/// As a YAML scalar: in quotes where YAML, or a flow list around it, would take it apart.
std::string yaml_scalar(std::string_view text, bool in_list = false);

/// What follows the colon of a key: a scalar, or a flow list of them.
std::string yaml_value(const profile::Entry& entry);
std::string yaml_value(const profile::Desired& desired);

/// "  # TEXT", for the end of a line.
std::string yaml_comment(std::string_view text);

/// "restore" or "report".
std::string_view on_drift_text(profile::OnDrift on_drift);

/// The reason of a key or preset, on one line or folded; nothing for "".
void append_yaml_why(std::string& out, std::string_view text);

/// A line below `sysctl:`, or the long form where `entry` has more to say than a value. `comment`
/// is "" or a yaml_comment().
void append_yaml_entry(std::string& out, const std::string& key, const std::string& value,
                       const profile::Entry& entry, const std::string& comment);

}  // namespace nettune::ctl
