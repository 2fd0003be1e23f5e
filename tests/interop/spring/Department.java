package vn.example.department;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

// What a department would write beside SecurityConfig: a page for everybody and one for who is signed in.
@SpringBootApplication
@RestController
public class Department {

    public static void main(String[] args) {
        SpringApplication.run(Department.class, args);
    }

    @GetMapping("/")
    String home(@AuthenticationPrincipal OidcUser person, CsrfToken csrf) {
        var name = person == null ? "" : "<p id=\"person\">" + person.getFullName() + "</p>";
        return name + "<form id=\"logout\" method=\"post\" action=\"/logout\">"
                + "<input type=\"hidden\" name=\"_csrf\" value=\"" + csrf.getToken() + "\"><button>x</button></form>";
    }

    @GetMapping("/mine")
    String mine(@AuthenticationPrincipal OidcUser person) {
        return "<p id=\"person\">" + person.getFullName() + "</p>";
    }
}
