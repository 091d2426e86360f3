#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs into a folder: each file belongs to exactly one package of Debian's and of rpm's, settings
# that are there are kept, and packaging/uninstall leaves nothing else.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
build=${1:?usage: $0 BUILD_DIR SOURCE_DIR}
source_dir=${2:?usage: $0 BUILD_DIR SOURCE_DIR}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

# The prefix of packages. The manifest of the build directory belongs to its owner, and comes back.
manifest=$build/install_manifest.txt
if [[ -e $manifest ]]; then
  cp -p "$manifest" "$work/manifest"
  trap 'cp -p "$work/manifest" "$manifest"; rm -rf "$work"' EXIT
else
  trap 'rm -rf "$work" "$manifest"' EXIT
fi
DESTDIR=$work/root cmake --install "$build" --prefix /usr >"$work/log" || {
  cat "$work/log"
  exit 1
}
mapfile -t files < <(cd "$work/root" && find . -type f -o -type l | sed 's,^\./,,' | LC_ALL=C sort)
((${#files[@]} > 20)) || fail "hardly a file was installed: ${files[*]}"
# Below /usr the settings are in /etc; a build that was configured for elsewhere has them there.
for i in "${!files[@]}"; do files[i]=${files[i]/#usr\/local\/etc/etc}; done

# The lists name what packages of Debian have: a library's folder by its triplet.
in_package() {
  local name=$1
  case $name in
    usr/lib/libnettune.so* | usr/lib/nettune/* | usr/lib/cmake/* | usr/lib/pkgconfig/*)
      name=usr/lib/TRIPLET/${name#usr/lib/}
      ;;
  esac
  printf '%s' "$name"
}
mapfile -t patterns < <(cat "$source_dir"/packaging/debian/*.install | grep -v '^#')
for file in "${files[@]}"; do
  name=$(in_package "$file")
  owners=0
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2254  # it is a pattern
    case $name in $pattern) owners=$((owners + 1)) ;; esac
  done
  ((owners == 1)) || fail "$file belongs to $owners packages of packaging/debian/*.install"
done
for pattern in "${patterns[@]}"; do
  found=0
  for file in "${files[@]}"; do
    # shellcheck disable=SC2254
    case $(in_package "$file") in $pattern) found=1 ;; esac
  done
  ((found)) || fail "$pattern of packaging/debian/*.install matches no installed file"
done

# Each shell finds its completion where the package has it: zsh looks into these folders alone.
completion=$(cd "$work/root" && find . -name _nettunectl | sed 's,^\.,,')
if command -v zsh >/dev/null; then
  # shellcheck disable=SC2016  # zsh expands it
  completed=$(zsh -fc 'fpath=($1$^fpath $fpath); autoload -Uz compinit; compinit -u -D; print -r -- $_comps[nettunectl]' \
    zsh "$work/root")
  [[ $completed == _nettunectl ]] || fail "zsh does not find $completion"
else
  echo "without zsh its completion is not looked for"
fi

# The same for the packages of packaging/nettune.spec.
in_spec() {
  local name=/$1
  case $name in
    /usr/lib/libnettune.so* | /usr/lib/nettune/* | /usr/lib/cmake/* | /usr/lib/pkgconfig/*)
      name="%{_libdir}/${name#/usr/lib/}"
      ;;
    /usr/lib/*-linux-gnu*/*) name="%{_libdir}/${name#/usr/lib/*/}" ;;
    /usr/lib/python3/dist-packages/*) name="%{python3_sitelib}/${name#/usr/lib/python3/dist-packages/}" ;;
    /etc/*) name="%{_sysconfdir}/${name#/etc/}" ;;
    /usr/bin/*) name="%{_bindir}/${name#/usr/bin/}" ;;
    /usr/sbin/*) name="%{_sbindir}/${name#/usr/sbin/}" ;;
    /usr/libexec/*) name="%{_libexecdir}/${name#/usr/libexec/}" ;;
    /usr/include/*) name="%{_includedir}/${name#/usr/include/}" ;;
    /usr/lib/systemd/system/*) name="%{_unitdir}/${name##*/}" ;;
    /usr/lib/systemd/catalog/*) name="%{_journalcatalogdir}/${name##*/}" ;;
    /usr/lib/sysusers.d/*) name="%{_sysusersdir}/${name##*/}" ;;
    /usr/lib/tmpfiles.d/*) name="%{_tmpfilesdir}/${name##*/}" ;;
    /usr/share/zsh/*) name="%{_datadir}/zsh/site-functions/${name##*/}" ;;
    /usr/share/man/*) name="%{_mandir}/${name#/usr/share/man/}" ;;
    /usr/share/doc/*) name="%{_docdir}/${name#/usr/share/doc/}" ;;
    /usr/share/*) name="%{_datadir}/${name#/usr/share/}" ;;
  esac
  printf '%s' "$name"
}
mapfile -t patterns < <(sed -n '/^%files/,/^%changelog/{/^\(%config(noreplace)\|%doc\)\? *[%/]/{/^%\(files\|license\|dir\|changelog\)/d;s/^%[a-z()]* //;s,/$,/*,;p}}' \
  "$source_dir/packaging/nettune.spec")
((${#patterns[@]} > 20)) || fail "hardly a line of the spec's files was read: ${patterns[*]}"
for file in "${files[@]}"; do
  name=$(in_spec "$file")
  owners=0
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2254  # it is a pattern
    case $name in $pattern) owners=$((owners + 1)) ;; esac
  done
  ((owners == 1)) || fail "$file belongs to $owners packages of packaging/nettune.spec"
done

# Settings that were edited survive both a second installation and the end.
settings=$(find "$work/root" -name nettuned.yaml)
cmp -s "$settings" "$source_dir/packaging/nettuned.yaml" || fail "the settings are not the sample"
DESTDIR=$work/root "$source_dir/packaging/uninstall" "$build" >"$work/log" 2>&1 ||
  fail "packaging/uninstall: $(cat "$work/log")"
left=$(find "$work/root" ! -type d)
[[ -z $left ]] || fail "packaging/uninstall leaves $left"
left=$(find "$work/root" -type d -name '*nettune*')
[[ -z $left ]] || fail "packaging/uninstall leaves the folder $left"

mkdir -p "$(dirname "$settings")"
echo '# mine' >"$settings"
DESTDIR=$work/root cmake --install "$build" --prefix /usr >"$work/log"
[[ $(<"$settings") == '# mine' ]] || fail "an installation overwrites the settings"
DESTDIR=$work/root "$source_dir/packaging/uninstall" "$build" >"$work/log"
[[ $(find "$work/root" ! -type d) == "$settings" ]] || fail "packaging/uninstall does not keep edited settings alone"

((failures == 0))
