// SPDX-License-Identifier: MIT
// An echo server on Boost.Asio whose sockets have a preset:
//   asio_echo PORT [PRESET-LINE]
// nettune.hpp takes an Asio socket or acceptor as it is. The acceptor is tuned between open() and
// listen(), and what it accepts inherits that.
// With Boost 1.74 and -std=c++20 <utility> has to come before <boost/asio.hpp> as a whole.
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <nettune/nettune.hpp>
#include <utility>

namespace {

using boost::asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, nettune::Preset preset)
      : socket_(std::move(socket)), preset_(std::move(preset)) {}

  void read() {
    socket_.async_read_some(boost::asio::buffer(data_),
                            [self = shared_from_this()](auto error, std::size_t size) {
                              if (error) return;
                              self->preset_.quickack_rearm(self->socket_);
                              self->write(size);
                            });
  }

 private:
  void write(std::size_t size) {
    boost::asio::async_write(socket_, boost::asio::buffer(data_, size),
                             [self = shared_from_this()](auto error, std::size_t) {
                               if (!error) self->read();
                             });
  }

  tcp::socket socket_;
  nettune::Preset preset_;
  std::array<char, 16384> data_{};
};

void accept(tcp::acceptor& acceptor, const nettune::Preset& preset) {
  acceptor.async_accept([&](auto error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket), preset)->read();
    accept(acceptor, preset);
  });
}

// Never returns; throws where the port can't be had.
void serve(unsigned short port, const nettune::Preset& preset) {
  boost::asio::io_context context;
  const tcp::endpoint address(tcp::v6(), port);
  tcp::acceptor acceptor(context);
  acceptor.open(address.protocol());
  const nettune::Report report = preset.apply(acceptor, nettune::Role::listener);
  if (!report.ok()) {
    for (const nettune::Row& row : report.rows()) {
      std::fprintf(stderr, "%s\n", nettune::text(row).c_str());
    }
  }
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(address);
  acceptor.listen();
  accept(acceptor, preset);
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) {
      std::fputs("usage: asio_echo PORT [PRESET-LINE]\n", stderr);
      return 2;
    }
    const auto preset = nettune::Preset::line(argc > 2 ? argv[2] : "nodelay=1,user-timeout=30s");
    if (!preset) {
      std::fprintf(stderr, "asio_echo: %s\n", preset.error().message.c_str());
      return 2;
    }
    serve(static_cast<unsigned short>(std::atoi(argv[1])), preset.value());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "asio_echo: %s\n", error.what());
    return 1;
  }
}
