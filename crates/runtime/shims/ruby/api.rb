# frozen_string_literal: true

require 'socket'

module ZerunRuntime
  # The Runtime API, over one connection that stays open.
  #
  # By hand, because loading Net::HTTP takes longer than a whole cold start.
  class Api
    BASE = '/2018-06-01/runtime'

    def initialize(address)
      @address = address
      host, _, port = address.rpartition(':')
      @socket = TCPSocket.new(host, Integer(port))
      @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    end

    # Headers by their names in small letters, and the event.
    def next_event
      status, headers, body = ask("GET #{BASE}/invocation/next HTTP/1.1\r\nHost: #{@address}\r\n\r\n")
      raise "the Runtime API answered #{status}" unless status == 200

      [headers, body]
    end

    def respond(id, body, content_type)
      post("/invocation/#{id}/response", body, content_type)
    end

    def fail(id, body, type)
      post("/invocation/#{id}/error", body, 'application/json', type)
    end

    def fail_to_start(body, type)
      post('/init/error', body, 'application/json', type)
    end

    private

    def post(path, body, content_type, error_type = nil)
      head = "POST #{BASE}#{path} HTTP/1.1\r\nHost: #{@address}\r\nContent-Type: #{content_type}\r\n"
      head += "Lambda-Runtime-Function-Error-Type: #{error_type}\r\n" if error_type
      # What the API refuses it has told the caller itself.
      ask("#{head}Content-Length: #{body.bytesize}\r\n\r\n".b + body.b)
    end

    def ask(request)
      @socket.write(request)
      status = Integer(line.split(' ', 3)[1])
      headers = {}
      until (text = line).empty?
        name, _, value = text.partition(':')
        headers[name.downcase] = value.strip
      end
      [status, headers, @socket.read(Integer(headers.fetch('content-length', '0')))]
    end

    def line
      (@socket.gets("\r\n") or raise 'the Runtime API has gone').chomp("\r\n")
    end
  end
end
