package web

// workRoutes are the pages of those who have signed in.
func (s *Server) workRoutes() []route { return nil }
